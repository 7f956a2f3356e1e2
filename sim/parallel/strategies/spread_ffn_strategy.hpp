#pragma once

#include "sim/parallel/group_blocks.hpp"
#include "sim/parallel/moe_blocks.hpp"

namespace helixsim {

/// What strategies share beside their attention: an FFN that is spread over GPUs which hold the
/// same requests and ends in one all-reduce over them, unless options or attention groups ask for
/// another exchange.
class SpreadFfnStrategy : public Strategy {
 public:
  void dense_block(const StepInput& step, OperationList& out) const override {
    if (step.layout.dp > 1) {
      grouped_dense_block(step, out);
    } else {
      all_reduce_dense_block(step, widths(step.layout, step.options), out);
    }
  }
  void moe_block(const StepInput& step, OperationList& out) const override {
    helixsim::moe_block(step, widths(step.layout, step.options), out);
  }
  void begin(const StepInput& step, OperationList& out) const override {
    add_embedding(step, widths(step.layout, step.options).vocabulary, out);
  }
  void end(const StepInput& step, OperationList& out) const override {
    add_groups_exchange("hidden_all_gather", CollectiveKind::AllGather, step, out);
    add_lm_head(step, out);
  }
};

/// Over how many GPUs the shared expert is sharded where all `gpus` of a group hold its tokens.
/// With dispatch in one group each GPU has tokens of its own and a whole shared expert.
inline int shared_expert_width(const Layout& layout, const ScheduleOptions& options, int gpus) {
  const bool own_tokens =
      layout.dp == 1 && moe_exchange_of(options, layout) == MoeExchange::DispatchCombine;
  return own_tokens ? 1 : gpus;
}

}  // namespace helixsim
