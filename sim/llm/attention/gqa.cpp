#include "sim/llm/attention/registry.hpp"

namespace helixsim {
namespace {

class Gqa final : public AttentionKind {
 public:
  Gqa(const GqaSpec& spec, int hidden) : spec_(spec), hidden_(hidden) {}

  [[nodiscard]] int query_heads() const override { return spec_.query_heads; }
  [[nodiscard]] int kv_heads() const override { return spec_.kv_heads; }
  [[nodiscard]] double kv_elements_per_token(double heads) const override {
    return 2.0 * heads * spec_.head_size;
  }
  [[nodiscard]] int exchanged_size() const override { return spec_.head_size; }
  [[nodiscard]] int value_size() const override { return spec_.head_size; }
  [[nodiscard]] int query_size() const override { return spec_.head_size; }

  [[nodiscard]] double weight_elements(const AttentionShard& shard) const override {
    return elements(qkv(shard)) + elements(output(shard));
  }

  void before(const AttentionShard& shard, const PrecisionPlan& precision,
              OperationList& out) const override {
    constexpr bool kNormed = true;  // the norm before gives the activations quantised
    out.push_back(gemm("qkv_proj", qkv(shard), shard.requests,
                       precision.weight(WeightClass::Attention), TimeCategory::Gemm, kNormed));
    out.push_back(included_elementwise("rope_append"));
  }

  /// KV read: B * 2 * ceil(K/TPA) * Hsz * (S/KVP) elements (Helix, appendix A); flops: 4 b (Q/TPA)
  /// Hsz S/KVP.
  [[nodiscard]] Operation flash_decode(const AttentionShard& shard,
                                       const PrecisionPlan& precision) const override {
    const double tokens = shard.requests * shard.kv_tokens;
    return flash_decode_kernel(tokens * kv_elements_per_token(shard.kv_heads),
                               Flops(4.0 * tokens * shard.query_heads * spec_.head_size),
                               {.batch = shard.requests,
                                .kv_tokens = shard.kv_tokens,
                                .kv_heads = shard.kv_heads,
                                .group = shard.query_heads / shard.kv_heads,
                                .head_size = static_cast<double>(spec_.head_size)},
                               precision);
  }

  void project_values(const AttentionShard&, const PrecisionPlan&, OperationList&) const override {}

  void after(const AttentionShard& shard, const PrecisionPlan& precision,
             OperationList& out) const override {
    out.push_back(
        gemm("o_proj", output(shard), shard.requests, precision.weight(WeightClass::Attention)));
  }

 private:
  [[nodiscard]] GemmShape qkv(const AttentionShard& shard) const {
    return {.n = (shard.projected_heads + 2.0 * shard.kv_heads) * spec_.head_size,
            .k = static_cast<double>(hidden_)};
  }
  [[nodiscard]] GemmShape output(const AttentionShard& shard) const {
    return {.n = static_cast<double>(hidden_), .k = shard.output_heads * spec_.head_size};
  }

  GqaSpec spec_;
  int hidden_;
};

}  // namespace

std::unique_ptr<const AttentionKind> make_gqa(const GqaSpec& spec, int hidden) {
  return std::make_unique<Gqa>(spec, hidden);
}

AttentionSpec read_gqa(const Node& node) {
  node.allow_only({"kind", "query_heads", "kv_heads", "head_size"});
  GqaSpec spec{.query_heads = static_cast<int>(node.integer("query_heads", {1, 65536})),
               .kv_heads = 1,
               .head_size = static_cast<int>(node.integer("head_size", {1, 65536}))};
  spec.kv_heads = static_cast<int>(node.integer("kv_heads", {1, spec.query_heads}));
  if (spec.query_heads % spec.kv_heads != 0) {
    node.at("kv_heads").fail("must divide query_heads = " + std::to_string(spec.query_heads));
  }
  return spec;
}

}  // namespace helixsim
