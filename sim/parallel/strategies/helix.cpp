#include <fmt/format.h>

#include "sim/parallel/registry.hpp"
#include "sim/parallel/strategies/kvp_strategy.hpp"

namespace helixsim {
namespace {

/// Helix: KVP x TPA GPUs for attention, the QKV projection repeated on each KVP rank; one
/// all-to-all of partial outputs and LSE in the KVP group; then output projection over the KVP x
/// TPA GPUs and FFN over all n. Source: Bhatia et al. 2025, sections 2.1-2.3.
class Helix final : public KvpStrategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind& attention,
                                                 const ModelSpec& model,
                                                 const Layout& layout) const override {
    if (layout.tpa > attention.kv_heads()) {
      return LayoutFault{"tpa", fmt::format("{} is outside [1, {}]; the model has {} KV head{}",
                                            layout.tpa, attention.kv_heads(), attention.kv_heads(),
                                            attention.kv_heads() == 1 ? "" : "s")};
    }
    return spread_fault(attention, model, layout);
  }

  [[nodiscard]] Widths widths(const Layout& layout, const ScheduleOptions& options) const override {
    return spread_widths(layout, options);
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    const AttentionShard shard = attention_shard(step, widths(step.layout, step.options));
    step.attention.before(shard, step.precision, out);
    out.push_back(step.attention.flash_decode(shard, step.precision));
    add_values(true, step, shard, out);
    add_kvp_all_to_all(step, out);
    add_values(false, step, shard, out);
    add_output(step, shard, out);
  }
};

}  // namespace

const Strategy& helix_strategy() {
  static const Helix kStrategy;
  return kStrategy;
}

}  // namespace helixsim
