#include "sim/parallel/registry.hpp"
#include "sim/parallel/strategies/all_reduce_strategy.hpp"

namespace helixsim {
namespace {

/// Tensor parallelism: heads over TPA = n GPUs, the FFN over TPF x EP = n, an all-reduce after
/// each.
class Tp final : public AllReduceStrategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind&, const ModelSpec&,
                                                 const Layout& layout) const override {
    if (auto fault = must_be_one("kvp", layout.kvp, "tp")) return fault;
    if (auto fault = must_be_one("dp", layout.dp, "tp")) return fault;
    return must_multiply(layout, layout.tpa, "tpa");
  }

  [[nodiscard]] Widths widths(const Layout& layout) const override {
    return {.output = layout.tpa,
            .dense_ffn = layout.tpa,
            .shared = layout.tpa,
            .vocabulary = layout.tpa};
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    const AttentionShard shard = attention_shard(step, widths(step.layout));
    step.attention.before(shard, step.precision, out);
    out.push_back(step.attention.flash_decode(shard, step.precision));
    step.attention.after(shard, step.precision, out);
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
