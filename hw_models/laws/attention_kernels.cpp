#include "hw_models/laws/attention_kernels.hpp"

#include <algorithm>
#include <cmath>

namespace helixsim {
namespace {

bool is_latent(const AttentionShape& shape) {
  return shape.kv_heads == 1.0 && shape.head_size > 512.0;
}

}  // namespace

AttentionKernels attention_kernels(const AttentionShape& shape) {
  using enum AttentionKernels;
  if (is_latent(shape)) {
    if (shape.group <= 16.0) return Mla16;
    if (shape.group <= 32.0) return Mla32;
    return shape.group <= 64.0 ? Mla64 : Mla128;
  }
  if (shape.group <= 1.0) return Mha;
  return shape.group < 64.0 ? Grouped : Wide;
}

AttentionKernels low_latency_of(AttentionKernels kernels) {
  if (kernels == AttentionKernels::Mla64) return AttentionKernels::MlaLow64;
  return kernels == AttentionKernels::Mla128 ? AttentionKernels::MlaLow128 : kernels;
}

bool runs_low_latency(const AttentionShape& shape, double multiprocessors) {
  if (!is_latent(shape) || shape.group <= 32.0) return false;
  const double ctas = shape.batch * std::ceil(shape.group / 16.0);
  if (ctas > multiprocessors) return false;
  const double parts = std::min(std::ceil(shape.kv_tokens / 256.0),
                                std::max(1.0, std::floor(multiprocessors / ctas)));
  return std::ceil(shape.kv_tokens / parts) <= 1024.0;
}

std::string_view name_of(AttentionKernels kernels) {
  constexpr std::string_view kNames[kAttentionKernels] = {
      "mha",      "grouped",   "wide",           "heads_16",       "heads_32",
      "heads_64", "heads_128", "low_latency_64", "low_latency_128"};
  return kNames[static_cast<std::size_t>(kernels)];
}

std::string attention_family(AttentionKernels kernels, std::string_view cache) {
  const bool latent = kernels >= AttentionKernels::Mla16;
  return std::string(latent ? "mla/" : "attention/") + std::string(cache) + "/" +
         std::string(name_of(kernels));
}

}  // namespace helixsim
