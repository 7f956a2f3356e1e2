#include "hw_models/laws/attention_kernels.hpp"

#include <catch2/catch.hpp>

using namespace helixsim;

namespace {

constexpr double kMultiprocessors = 148;

AttentionShape mla(double heads, double batch, double tokens) {
  return {.batch = batch, .kv_tokens = tokens, .kv_heads = 1, .group = heads, .head_size = 576};
}

bool low(double heads, double batch, double tokens) {
  return runs_low_latency(mla(heads, batch, tokens), kMultiprocessors);
}

}  // namespace

TEST_CASE("kernels of attention go by group and by heads of a latent", "[hw_models][laws]") {
  CHECK(attention_kernels({.group = 1}) == AttentionKernels::Mha);
  CHECK(attention_kernels({.group = 8}) == AttentionKernels::Grouped);
  CHECK(attention_kernels({.group = 64}) == AttentionKernels::Wide);
  CHECK(attention_kernels(mla(16, 1, 1)) == AttentionKernels::Mla16);
  CHECK(attention_kernels(mla(128, 1, 1)) == AttentionKernels::Mla128);
  CHECK(attention_family(AttentionKernels::MlaLow128, "fp8") == "mla/fp8/low_latency_128");
}

TEST_CASE("many heads run the kernel of low latency while a CTA has 1,024 tokens or fewer",
          "[hw_models][laws]") {
  // 128 heads are 8 CTAs a request; 148 / 8 = 18 parts of the cache hold 18,432 tokens.
  CHECK(low(128, 1, 18432));
  CHECK_FALSE(low(128, 1, 18433));
  // 8 requests are 64 CTAs, which leave 2 parts; 16 leave one; 32 do not fit at once.
  CHECK(low(128, 8, 2048));
  CHECK_FALSE(low(128, 8, 4096));
  CHECK(low(128, 16, 1024));
  CHECK_FALSE(low(128, 32, 16));
  // 64 heads are 4 CTAs a request.
  CHECK(low(64, 32, 1024));
  CHECK_FALSE(low(64, 64, 16));
}

TEST_CASE("each kernel above 32 heads has one of low latency", "[hw_models][laws]") {
  CHECK(low_latency_of(AttentionKernels::Mla64) == AttentionKernels::MlaLow64);
  CHECK(low_latency_of(AttentionKernels::Mla128) == AttentionKernels::MlaLow128);
  CHECK(low_latency_of(AttentionKernels::Mla32) == AttentionKernels::Mla32);
  CHECK(low_latency_of(AttentionKernels::Grouped) == AttentionKernels::Grouped);
}

TEST_CASE("up to 32 heads and grouped queries have one kernel", "[hw_models][laws]") {
  CHECK_FALSE(low(32, 1, 128));
  CHECK_FALSE(runs_low_latency({.batch = 1, .kv_tokens = 128, .group = 64}, kMultiprocessors));
}
