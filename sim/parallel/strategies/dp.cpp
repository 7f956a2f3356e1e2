#include "sim/llm/ffn/ffn_kind.hpp"
#include "sim/parallel/blocks.hpp"
#include "sim/parallel/registry.hpp"

namespace helixsim {
namespace {

/// Attention data parallelism: dp groups of TPA GPUs, each with its own requests, and the FFN over
/// all n = dp * TPA. Dense FFN: all-gather and reduce-scatter of the hidden states. Experts:
/// dispatch and combine all-to-all, after which the TPA GPUs of a group share the result by an
/// all-gather.
class Dp final : public Strategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind&, const ModelSpec& model,
                                                 const Layout& layout) const override {
    if (auto fault = must_be_one("kvp", layout.kvp, "dp")) return fault;
    if (layout.dp < 2)
      return LayoutFault{"dp", "1 is outside [2, ...] for strategy dp; one group is strategy tp"};
    if (model.moe.layers > 0 && layout.ep < 2) {
      return LayoutFault{
          "ep", "1 is outside [2, ...] for strategy dp; dispatch needs expert-parallel ranks"};
    }
    return must_multiply(layout, layout.stage_gpus(), "tpa * dp");
  }

  [[nodiscard]] Widths widths(const Layout& layout) const override {
    const int n = layout.stage_gpus();
    return {.output = layout.tpa, .dense_ffn = n, .shared = layout.tpa, .vocabulary = n};
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    const AttentionShard shard = attention_shard(step, widths(step.layout));
    step.attention.before(shard, step.precision, out);
    out.push_back(step.attention.flash_decode(shard, step.precision));
    step.attention.after(shard, step.precision, out);
    add_all_reduce("attn_all_reduce", "norm", step.layout.tpa_group(),
                   step.hidden_bytes(step.group_batch()), out);
  }

  void dense_block(const StepInput& step, OperationList& out) const override {
    add_groups_exchange("ffn_all_gather", CollectiveKind::AllGather, step, out);
    dense_ffn(step.model,
              {.tokens = static_cast<double>(step.batch), .tpf = step.layout.stage_gpus()},
              step.precision, out);
    add_groups_exchange("ffn_reduce_scatter", CollectiveKind::ReduceScatter, step, out);
    out.push_back(elementwise("norm2"));
  }

  void moe_block(const StepInput& step, OperationList& out) const override {
    const MoeFfnShard shard = moe_shard(step, widths(step.layout));
    moe_route(step.model, shard, step.precision, out);
    add_expert_exchange("moe_dispatch", ExpertEnd::Target, step, out);
    moe_experts(step.model, shard, step.precision, out);
    if (shard.tpf > 1) {
      const double rows =
          step.batch * static_cast<double>(step.model.moe.experts_per_token) / shard.ep;
      add_exchange("expert_all_reduce", CollectiveKind::AllReduce, StartUp::AllReduce,
                   step.layout.tpf_group(), step.hidden_bytes(rows), Bytes(), out);
    }
    add_expert_exchange("moe_combine", ExpertEnd::Source, step, out);
    const Bytes gathered = step.hidden_bytes(step.group_batch());
    const int tpa = step.layout.tpa;
    add_exchange("moe_all_gather", CollectiveKind::AllGather, StartUp::Exchange,
                 step.layout.tpa_group(), gathered, gathered * ((tpa - 1.0) / tpa), out);
    out.push_back(elementwise("norm2"));
  }

  void begin(const StepInput& step, OperationList& out) const override {
    add_embedding(step, step.layout.stage_gpus(), out);
  }

  void end(const StepInput& step, OperationList& out) const override {
    add_groups_exchange("hidden_all_gather", CollectiveKind::AllGather, step, out);
    add_lm_head(step, out);
  }

 private:
  /// Hidden states of the whole batch between the attention groups; a port carries the (dp-1)/dp
  /// that are not its own.
  static void add_groups_exchange(std::string_view name, CollectiveKind kind, const StepInput& step,
                                  OperationList& out) {
    const Bytes payload = step.hidden_bytes(step.batch);
    const double others = (step.layout.dp - 1.0) / step.layout.dp;
    add_exchange(name, kind, StartUp::Exchange, step.layout.stage_group(), payload,
                 payload * others, out);
  }

  /// Tokens to the ranks of their experts or back. A token goes once to each other rank that holds
  /// one of its k experts: b H (EP-1) (1 - (1 - 1/EP)^k) elements with independent draws.
  static void add_expert_exchange(std::string_view name, ExpertEnd experts, const StepInput& step,
                                  OperationList& out) {
    const MoeFfnSpec& moe = step.model.moe;
    const Bytes hidden = step.hidden_bytes(step.group_batch());
    add_exchange(name, CollectiveKind::AllToAll, StartUp::Exchange, step.layout.ep_group(),
                 hidden * moe.experts_per_token, hidden * other_ranks_reached(moe, step.layout.ep),
                 out);
    CollectiveRequest& request = out.back().collective;
    request.experts = experts;
    request.local_bytes = hidden;
    request.local_experts = static_cast<double>(moe.experts) / step.layout.ep;
  }
};

}  // namespace

const Strategy& dp_strategy() {
  static const Dp kStrategy;
  return kStrategy;
}

}  // namespace helixsim
