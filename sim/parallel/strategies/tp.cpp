#include "sim/parallel/registry.hpp"
#include "sim/parallel/strategies/spread_ffn_strategy.hpp"

namespace helixsim {
namespace {

/// Tensor parallelism: heads over TPA = n GPUs, the FFN over TPF x EP = n, an all-reduce after
/// each.
class Tp final : public SpreadFfnStrategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind&, const ModelSpec&,
                                                 const Layout& layout) const override {
    if (auto fault = must_be_one("kvp", layout.kvp, "tp")) return fault;
    if (auto fault = must_be_one("dp", layout.dp, "tp")) return fault;
    return must_multiply(layout, layout.tpa, "tpa");
  }

  [[nodiscard]] Widths widths(const Layout& layout, const ScheduleOptions& options) const override {
    return {.query = layout.tpa,
            .values = layout.tpa,
            .output = layout.tpa,
            .dense_ffn = layout.tpa,
            .shared = shared_expert_width(layout, options, layout.tpa),
            .vocabulary = layout.tpa};
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    add_local_attention(step, attention_shard(step, widths(step.layout, step.options)), out);
    add_all_reduce("attn_all_reduce", "norm", step.layout.tpa_group(),
                   step.hidden_bytes(step.batch), out);
  }
};

}  // namespace

const Strategy& tp_strategy() {
  static const Tp kStrategy;
  return kStrategy;
}

}  // namespace helixsim
