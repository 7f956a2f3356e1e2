#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "sim/llm/attention/registry.hpp"
#include "sim/llm/ffn/ffn_kind.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

double weight_bytes(const OperationList& operations) {
  double sum = 0.0;
  for (const Operation& op : operations) sum += op.work.weight_bytes.value();
  return sum;
}

AttentionShard whole(const AttentionKind& attention) {
  const double heads = attention.query_heads();
  return {.requests = 1,
          .kv_tokens = 1000,
          .query_heads = heads,
          .kv_heads = static_cast<double>(attention.kv_heads()),
          .projected_heads = heads,
          .value_heads = heads,
          .output_heads = heads};
}

PrecisionPlan all_fp8() {
  PrecisionPlan plan;
  plan.set_weights("fp8", "");
  plan.kv_cache = Precision::Fp8;
  return plan;
}

}  // namespace

TEST_CASE("an attention block reads each of its weights once", "[llm][attention][conformance]") {
  for (const ModelSpec& model :
       {small_gqa_model(), small_mla_moe_model(), llama_405b(), deepseek_r1()}) {
    CAPTURE(model.name);
    const auto attention = make_attention(model.attention, model.hidden);
    OperationList operations;
    attention->before(whole(*attention), all_fp8(), operations);
    attention->project_values(whole(*attention), all_fp8(), operations);
    attention->after(whole(*attention), all_fp8(), operations);
    CHECK(weight_bytes(operations) ==
          Approx(attention->weight_elements(whole(*attention))).epsilon(1e-12));
  }
}

TEST_CASE("GQA reads K and V of each KV head, MLA one latent for all heads", "[llm][attention]") {
  const auto kv_bytes = [](const ModelSpec& model) {
    const auto attention = make_attention(model.attention, model.hidden);
    return attention->flash_decode(whole(*attention), all_fp8()).work.kv_bytes.value();
  };
  CHECK(kv_bytes(small_gqa_model()) == 1000.0 * 2 * 4 * 128);
  CHECK(kv_bytes(small_mla_moe_model()) == 1000.0 * (256 + 32));
}

TEST_CASE("attention multiplies every query head with every token twice", "[llm][attention]") {
  const auto flops = [](const ModelSpec& model) {
    const auto attention = make_attention(model.attention, model.hidden);
    return attention->flash_decode(whole(*attention), all_fp8()).work.flops.value();
  };
  // GQA: scores and values of 128; MLA: scores over latent and rotary key, values over the latent.
  CHECK(flops(small_gqa_model()) == 2.0 * 16 * 1000 * (128 + 128));
  CHECK(flops(small_mla_moe_model()) == 2.0 * 16 * 1000 * (256 + 32 + 256));
}

TEST_CASE("an FFN reads each of its weights once when every expert is active", "[llm][ffn]") {
  const ModelSpec model = small_mla_moe_model();
  OperationList dense;
  dense_ffn(model, {.tokens = 1, .tpf = 2}, all_fp8(), dense);
  CHECK(weight_bytes(dense) == Approx(3.0 * 2048 * 8192 / 2));

  const MoeFfnShard shard{.routed_tokens = 1e6,
                          .local_tokens = 1e6,
                          .tpf = 2,
                          .ep = 4,
                          .shared_width = 8,
                          .active = active_experts(model.moe, 1e6, 4),
                          .largest_rank = false};
  OperationList moe;
  moe_route(model, shard, all_fp8(), moe);
  moe_experts(model, shard, all_fp8(), moe);
  const double expert = 3.0 * 2048 * 1024;
  CHECK(weight_bytes(moe) == Approx(2048.0 * 32 + 32 / 4 * expert / 2 + expert / 8));
}

TEST_CASE("experts see the tokens that a dispatch sent to them, not those of the whole group",
          "[llm][ffn][shapes]") {
  const ModelSpec model = small_mla_moe_model();
  MoeFfnShard shard{.routed_tokens = 4096,
                    .local_tokens = 256,
                    .tpf = 1,
                    .ep = 16,
                    .shared_width = 1,
                    .active = active_experts(model.moe, 4096, 16),
                    .largest_rank = false};
  const auto shape = [&] {
    OperationList out;
    moe_experts(model, shard, all_fp8(), out);
    return std::get<GroupedGemmShape>(out.front().work.shape);
  };
  CHECK(shape().tokens == 4096.0);
  shard.dispatched = true;
  CHECK(shape().tokens == shape().rows);
  CHECK(shape().rows == Approx(4096.0 * model.moe.experts_per_token / 16));
  CHECK(shape().experts == model.moe.experts / 16.0);
}

TEST_CASE("each class of weights is stored in its own format", "[llm][ffn][precision]") {
  const ModelSpec model = small_mla_moe_model();
  const MoeFfnShard shard{.routed_tokens = 1,
                          .local_tokens = 1,
                          .tpf = 1,
                          .ep = 1,
                          .shared_width = 1,
                          .active = active_experts(model.moe, 1, 1),
                          .largest_rank = false};
  const auto bytes_of = [&](std::string_view name, const char* weights) {
    PrecisionPlan plan = all_fp8();
    plan.set_weights(weights, "");
    OperationList operations;
    moe_route(model, shard, plan, operations);
    moe_experts(model, shard, plan, operations);
    dense_ffn(model, {.tokens = 1, .tpf = 1}, plan, operations);
    for (const Operation& op : operations) {
      if (op.name == name) return op.work.weight_bytes.value();
    }
    FAIL("no operation " << name);
    return 0.0;
  };
  const std::pair<std::string_view, const char*> cases[] = {
      {"router", "router=bf16"},
      {"expert_gate_up", "routed_experts=bf16"},
      {"expert_down", "routed_experts=bf16"},
      {"shared_gate_up", "shared_expert=bf16"},
      {"shared_down", "shared_expert=bf16"},
      {"ffn_gate_up", "dense_ffn=bf16"},
      {"ffn_down", "dense_ffn=bf16"}};
  for (const auto& [name, weights] : cases) {
    CAPTURE(name, weights);
    CHECK(bytes_of(name, weights) == 2.0 * bytes_of(name, "attention=bf16"));
  }
}

TEST_CASE("the critical expert rank reads more weights and computes more rows than the mean one",
          "[llm][ffn]") {
  const ModelSpec model = deepseek_r1();
  const auto gate_up = [&](bool largest_rank) {
    const MoeFfnShard shard{.routed_tokens = 8,
                            .local_tokens = 8,
                            .tpf = 1,
                            .ep = 8,
                            .shared_width = 8,
                            .active = active_experts(model.moe, 8, 8),
                            .largest_rank = largest_rank};
    OperationList operations;
    moe_experts(model, shard, PrecisionPlan(), operations);
    return operations.front();
  };
  const ActiveExperts active = active_experts(model.moe, 8, 8);
  const double ratio = active.largest / active.mean;
  CHECK(gate_up(false).active_experts == active.mean);
  CHECK(gate_up(true).active_experts == active.largest);
  CHECK(gate_up(true).work.weight_bytes.value() ==
        Approx(ratio * gate_up(false).work.weight_bytes.value()));
  CHECK(gate_up(true).work.flops.value() == Approx(ratio * gate_up(false).work.flops.value()));
  // All routed rows of all ranks: 8 tokens x 8 experts, two matrices of 7168 x 2048.
  CHECK(8 * gate_up(false).work.flops.value() == Approx(2.0 * 8 * 8 * 2 * 7168 * 2048));
}

TEST_CASE("a shard of columns is an even share, or what the kernel computes at least",
          "[llm][ffn]") {
  CHECK(column_shard(1000.0 * 64, 64, 8, 0) == 8000.0);
  CHECK(column_shard(1000.0 * 64, 64, 8, 8) == 8000.0);
  CHECK(column_shard(1000.0 * 64, 64, 8, 32) == 32000.0);
  CHECK(column_shard(0.0, 0, 8, 32) == 0.0);  // no shared expert
  const ModelSpec r1 = deepseek_r1();
  // 2048 / 64 = 32 columns of the shared expert, 2048 / 8 = 256 of 32 routed experts.
  CHECK(shared_expert_elements(r1, 64, 128) == 3.0 * 7168 * 128);
  CHECK(routed_expert_elements(r1, 8, 8, 128) == 3.0 * 7168 * 256 * 32);
  CHECK(routed_expert_elements(r1, 64, 8, 128) == 3.0 * 7168 * 128 * 32);
  OperationList dense;
  dense_ffn(r1, {.tokens = 2, .tpf = 256, .minimum_columns = 128}, PrecisionPlan(), dense);
  CHECK(weight_bytes(dense) == Approx(3.0 * 7168 * 128 * 0.5));
}
