#pragma once

#include "sim/parallel/strategies/spread_ffn_strategy.hpp"

namespace helixsim {

/// What helix and dcp share: TPA x KVP GPUs attend for one group of requests, project its output,
/// and together with the other groups hold the FFN as TPF x EP.
class KvpStrategy : public SpreadFfnStrategy {
 protected:
  /// Whether the query heads divide and the FFN uses all GPUs.
  static std::optional<LayoutFault> spread_fault(const AttentionKind& attention,
                                                 const ModelSpec& model, const Layout& layout);
  /// The widths of a stage whose KVP ranks each project the queries of all their heads.
  static Widths spread_widths(const Layout& layout, const ScheduleOptions& options);
  /// W_UV where it precedes (or follows) the exchange.
  static void add_values(bool before_exchange, const StepInput& step, const AttentionShard& shard,
                         OperationList& out) {
    if (before_exchange != step.options.merge_before_w_uv) {
      step.attention.project_values(shard, step.precision, out);
    }
  }
  /// Output projection and its all-reduce over the attention group.
  static void add_output(const StepInput& step, const AttentionShard& shard, OperationList& out) {
    step.attention.after(shard, step.precision, out);
    add_all_reduce("attn_all_reduce", "norm", step.layout.attention_group(),
                   step.hidden_bytes(step.group_batch()), out);
  }
};

}  // namespace helixsim
