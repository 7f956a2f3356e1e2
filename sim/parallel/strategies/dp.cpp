#include "sim/parallel/registry.hpp"
#include "sim/parallel/strategies/spread_ffn_strategy.hpp"

namespace helixsim {
namespace {

/// Attention data parallelism: dp groups of TPA GPUs, each with its own requests, and the FFN over
/// all n = dp * TPA. Dense FFN: all-gather and reduce-scatter of the hidden states. Experts:
/// dispatch and combine all-to-all, after which the TPA GPUs of a group share the result by an
/// all-gather.
class Dp final : public SpreadFfnStrategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind&, const ModelSpec& model,
                                                 const Layout& layout) const override {
    if (auto fault = must_be_one("kvp", layout.kvp, "dp")) return fault;
    if (layout.dp < 2)
      return LayoutFault{"dp", "1 is outside [2, ...] for strategy dp; one group is strategy tp"};
    if (auto fault = dispatch_fault(model, layout, "for strategy dp")) return fault;
    return must_multiply(layout, layout.stage_gpus(), "tpa * dp");
  }

  [[nodiscard]] Widths widths(const Layout& layout, const ScheduleOptions&) const override {
    const int n = layout.stage_gpus();
    return {.query = layout.tpa,
            .values = layout.tpa,
            .output = layout.tpa,
            .dense_ffn = n,
            .shared = layout.tpa,
            .vocabulary = n};
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    add_local_attention(step, attention_shard(step, widths(step.layout, step.options)), out);
    add_all_reduce("attn_all_reduce", "norm", step.layout.tpa_group(),
                   step.hidden_bytes(step.group_batch()), out);
  }
};

}  // namespace

const Strategy& dp_strategy() {
  static const Dp kStrategy;
  return kStrategy;
}

}  // namespace helixsim
