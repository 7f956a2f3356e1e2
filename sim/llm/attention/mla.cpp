#include "sim/llm/attention/registry.hpp"

namespace helixsim {
namespace {

/// Decode form with W_UK absorbed into the query and W_UV applied to the latent output. The
/// down-projections (query, latent and rotary key) are small and whole on every GPU.
class Mla final : public AttentionKind {
 public:
  Mla(const MlaSpec& spec, int hidden) : spec_(spec), hidden_(hidden) {}

  [[nodiscard]] int query_heads() const override { return spec_.query_heads; }
  [[nodiscard]] int kv_heads() const override { return 1; }
  [[nodiscard]] double kv_elements_per_token(double) const override {
    return static_cast<double>(spec_.kv_lora_rank) + spec_.qk_rope_head_size;
  }
  [[nodiscard]] int exchanged_size() const override { return spec_.kv_lora_rank; }
  [[nodiscard]] int value_size() const override { return spec_.v_head_size; }
  [[nodiscard]] int query_size() const override {
    return spec_.kv_lora_rank + spec_.qk_rope_head_size;
  }

  [[nodiscard]] double weight_elements(const AttentionShard& shard) const override {
    return elements(down()) + elements(q_up(shard)) + elements(k_up(shard)) +
           elements(v_up(shard)) + elements(output(shard));
  }

  void before(const AttentionShard& shard, const PrecisionPlan& precision,
              OperationList& out) const override {
    const Precision weights = precision.weight(WeightClass::Attention);
    out.push_back(gemm("qkv_a_proj", down(), shard.requests, weights, TimeCategory::Gemm, kNormed));
    out.push_back(elementwise("qkv_a_norm"));
    out.push_back(
        gemm("q_b_proj", q_up(shard), shard.requests, weights, TimeCategory::Gemm, kNormed));
    out.push_back(included_elementwise("rope_append"));
    out.push_back(gemm("w_uk_absorb", k_up(shard), shard.requests, weights));
  }

  /// One read of the latent and rotary key serves all heads; flops: 2 b (Q/TPA) ((latent + rope) +
  /// latent) S/KVP.
  [[nodiscard]] Operation flash_decode(const AttentionShard& shard,
                                       const PrecisionPlan& precision) const override {
    const double tokens = shard.requests * shard.kv_tokens;
    const double score_and_value = kv_elements_per_token(1.0) + spec_.kv_lora_rank;
    return flash_decode_kernel(tokens * kv_elements_per_token(1.0),
                               Flops(2.0 * tokens * shard.query_heads * score_and_value),
                               {.batch = shard.requests,
                                .kv_tokens = shard.kv_tokens,
                                .kv_heads = 1.0,
                                .group = shard.query_heads,
                                .head_size = kv_elements_per_token(1.0)},
                               precision);
  }

  void project_values(const AttentionShard& shard, const PrecisionPlan& precision,
                      OperationList& out) const override {
    out.push_back(
        gemm("w_uv", v_up(shard), shard.requests, precision.weight(WeightClass::Attention)));
  }

  void after(const AttentionShard& shard, const PrecisionPlan& precision,
             OperationList& out) const override {
    out.push_back(
        gemm("o_proj", output(shard), shard.requests, precision.weight(WeightClass::Attention)));
  }

 private:
  static constexpr bool kNormed = true;  // the norm before gives the activations quantised

  [[nodiscard]] GemmShape down() const {
    return {
        .n = static_cast<double>(spec_.q_lora_rank + spec_.kv_lora_rank + spec_.qk_rope_head_size),
        .k = static_cast<double>(hidden_)};
  }
  [[nodiscard]] GemmShape q_up(const AttentionShard& shard) const {
    return {.n = shard.projected_heads * (spec_.qk_nope_head_size + spec_.qk_rope_head_size),
            .k = static_cast<double>(spec_.q_lora_rank)};
  }
  [[nodiscard]] GemmShape k_up(const AttentionShard& shard) const {
    return {.n = static_cast<double>(spec_.kv_lora_rank),
            .k = static_cast<double>(spec_.qk_nope_head_size),
            .batch = shard.projected_heads};
  }
  [[nodiscard]] GemmShape v_up(const AttentionShard& shard) const {
    return {.n = static_cast<double>(spec_.v_head_size),
            .k = static_cast<double>(spec_.kv_lora_rank),
            .batch = shard.value_heads};
  }
  [[nodiscard]] GemmShape output(const AttentionShard& shard) const {
    return {.n = static_cast<double>(hidden_), .k = shard.output_heads * spec_.v_head_size};
  }

  MlaSpec spec_;
  int hidden_;
};

}  // namespace

std::unique_ptr<const AttentionKind> make_mla(const MlaSpec& spec, int hidden) {
  return std::make_unique<Mla>(spec, hidden);
}

AttentionSpec read_mla(const Node& node) {
  node.allow_only({"kind", "query_heads", "q_lora_rank", "kv_lora_rank", "qk_nope_head_size",
                   "qk_rope_head_size", "v_head_size"});
  const auto size = [&](std::string_view key) {
    return static_cast<int>(node.integer(key, {1, 65536}));
  };
  return MlaSpec{.query_heads = size("query_heads"),
                 .q_lora_rank = size("q_lora_rank"),
                 .kv_lora_rank = size("kv_lora_rank"),
                 .qk_nope_head_size = size("qk_nope_head_size"),
                 .qk_rope_head_size = size("qk_rope_head_size"),
                 .v_head_size = size("v_head_size")};
}

}  // namespace helixsim
