#include <fmt/format.h>

#include "sim/parallel/registry.hpp"
#include "sim/parallel/strategies/all_reduce_strategy.hpp"

namespace helixsim {
namespace {

/// Helix: KVP x TPA GPUs for attention, the QKV projection repeated on each KVP rank; one
/// all-to-all of partial outputs and LSE in the KVP group; then output projection and FFN over all
/// n = KVP * TPA GPUs. Source: Bhatia et al. 2025, sections 2.1-2.3.
class Helix final : public AllReduceStrategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind& attention, const ModelSpec&,
                                                 const Layout& layout) const override {
    if (layout.tpa > attention.kv_heads()) {
      return LayoutFault{"tpa", fmt::format("{} is outside [1, {}]; the model has {} KV head{}",
                                            layout.tpa, attention.kv_heads(), attention.kv_heads(),
                                            attention.kv_heads() == 1 ? "" : "s")};
    }
    if (auto fault = must_be_one("dp", layout.dp, "helix")) return fault;
    if (attention.query_heads() % layout.stage_gpus() != 0) {
      return LayoutFault{"kvp",
                         fmt::format("tpa * kvp = {} does not divide the model's {} query heads",
                                     layout.stage_gpus(), attention.query_heads())};
    }
    return must_multiply(layout, layout.stage_gpus(), "tpa * kvp");
  }

  [[nodiscard]] Widths widths(const Layout& layout) const override {
    const int n = layout.stage_gpus();
    return {.output = n, .dense_ffn = n, .shared = n, .vocabulary = n};
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    const AttentionShard shard = attention_shard(step, widths(step.layout));
    const int kvp = step.layout.kvp;
    step.attention.before(shard, step.precision, out);
    out.push_back(step.attention.flash_decode(shard, step.precision));
    if (kvp > 1) {
      const Bytes payload = partial_output_bytes(step);
      add_exchange("kvp_all_to_all", CollectiveKind::AllToAll, StartUp::KvpExchange,
                   step.layout.kvp_group(), payload, payload * ((kvp - 1.0) / kvp), out);
      out.back().cut_by_hop_b = true;
      out.push_back(elementwise("combine", TimeCategory::Attention));
    }
    step.attention.after(shard, step.precision, out);
    add_all_reduce("attn_all_reduce", "norm", step.layout.stage_group(),
                   step.hidden_bytes(step.batch), out);
  }
};

}  // namespace

const Strategy& helix_strategy() {
  static const Helix kStrategy;
  return kStrategy;
}

}  // namespace helixsim
