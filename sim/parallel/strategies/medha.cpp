#include "sim/parallel/registry.hpp"
#include "sim/parallel/strategies/spread_ffn_strategy.hpp"

namespace helixsim {
namespace {

/// Vanilla KVP after Medha: KV sharded over KVP x TPA GPUs, partial outputs all-gathered without
/// overlap, and an output projection and FFN that are only TPA wide and repeated on the KVP ranks.
/// Source: Bhatia et al. 2025, section 3.1, on arXiv 2409.17264.
class Medha final : public SpreadFfnStrategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind&, const ModelSpec&,
                                                 const Layout& layout) const override {
    if (auto fault = must_be_one("dp", layout.dp, "medha")) return fault;
    return must_multiply(layout, layout.tpa, "tpa");
  }

  [[nodiscard]] Widths widths(const Layout& layout, const ScheduleOptions&) const override {
    return {.query = layout.tpa,
            .values = layout.tpa,
            .output = layout.tpa,
            .dense_ffn = layout.tpa,
            .shared = layout.tpa,
            .vocabulary = layout.tpa};
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    const AttentionShard shard = attention_shard(step, widths(step.layout, step.options));
    const int kvp = step.layout.kvp;
    step.attention.before(shard, step.precision, out);
    out.push_back(step.attention.flash_decode(shard, step.precision));
    if (kvp > 1) {
      const Bytes payload = partial_output_bytes(step);
      add_exchange("kvp_all_gather", CollectiveKind::AllGather, StartUp::Exchange,
                   step.layout.kvp_group(), payload, payload * (kvp - 1.0), out);
      out.push_back(elementwise("combine", TimeCategory::Attention));
    }
    step.attention.project_values(shard, step.precision, out);
    step.attention.after(shard, step.precision, out);
    add_all_reduce("attn_all_reduce", "norm", step.layout.tpa_group(),
                   step.hidden_bytes(step.batch), out);
  }
};

}  // namespace

const Strategy& medha_strategy() {
  static const Medha kStrategy;
  return kStrategy;
}

}  // namespace helixsim
