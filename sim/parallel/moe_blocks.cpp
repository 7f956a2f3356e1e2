#include "sim/parallel/moe_blocks.hpp"

namespace helixsim {
namespace {

/// `tokens` pass this GPU's router and shared expert.
MoeFfnShard moe_shard(const StepInput& step, const Widths& widths, double tokens) {
  return {.routed_tokens = static_cast<double>(step.batch),
          .local_tokens = tokens,
          .tpf = step.layout.tpf,
          .ep = step.layout.ep,
          .shared_width = widths.shared,
          .active = step.active,
          .largest_rank = step.largest_rank,
          .minimum_columns = step.options.minimum_shard_columns,
          .shared_beside = step.options.shared_expert == SharedExpert::SecondStream};
}

/// `tokens` of this GPU to the ranks of their experts or back. A token goes once to each other rank
/// that holds one of its k experts.
void add_expert_exchange(std::string_view name, ExpertEnd experts, const StepInput& step,
                         double tokens, OperationList& out) {
  const MoeFfnSpec& moe = step.model.moe;
  const Bytes hidden = step.hidden_bytes(tokens);
  add_exchange(name, CollectiveKind::AllToAll, StartUp::Exchange, step.layout.ep_group(),
               hidden * moe.experts_per_token, hidden * step.active.other_ranks, out);
  CollectiveRequest& request = out.back().collective;
  request.experts = experts;
  request.local_bytes = hidden;
  request.local_experts = static_cast<double>(moe.experts) / step.layout.ep;
}

void add_expert_all_reduce(const StepInput& step, double rows, OperationList& out) {
  add_exchange("expert_all_reduce", CollectiveKind::AllReduce, StartUp::AllReduce,
               step.layout.tpf_group(), step.hidden_bytes(rows), Bytes(), out);
}

}  // namespace

void moe_block(const StepInput& step, const Widths& widths, OperationList& out) {
  switch (moe_exchange_of(step.options, step.layout)) {
    case MoeExchange::AllReduce:
      return all_reduce_moe_block(step, widths, out);
    case MoeExchange::AllGather:
      return all_gather_moe_block(step, widths, out);
    case MoeExchange::DispatchCombine:
      return dispatch_moe_block(step, widths, out);
  }
}

void all_reduce_moe_block(const StepInput& step, const Widths& widths, OperationList& out) {
  const MoeFfnShard shard = moe_shard(step, widths, step.batch);
  moe_route(step.model, shard, step.precision, out);
  moe_experts(step.model, shard, step.precision, out);
  add_all_reduce("moe_all_reduce", "norm2", step.layout.neighbours(shard.tpf * shard.ep),
                 step.hidden_bytes(step.batch), out);
}

void all_gather_moe_block(const StepInput& step, const Widths& widths, OperationList& out) {
  const MoeFfnShard shard = moe_shard(step, widths, step.batch);
  moe_route(step.model, shard, step.precision, out);
  moe_experts(step.model, shard, step.precision, out);
  add_expert_all_reduce(step, step.batch, out);
  const Bytes partial = step.hidden_bytes(step.batch);
  add_exchange("moe_expert_all_gather", CollectiveKind::AllGather, StartUp::Exchange,
               step.layout.ep_group(), partial, partial * (shard.ep - 1.0), out);
  out.push_back(elementwise("expert_sum", TimeCategory::Moe));
  out.push_back(elementwise("norm2"));
}

void dispatch_moe_block(const StepInput& step, const Widths& widths, OperationList& out) {
  const double held = step.group_batch();
  const Group same_requests = step.layout.attention_group();
  const double own = step.layout.dp > 1 ? held : held / same_requests.size;
  MoeFfnShard shard = moe_shard(step, widths, own);
  shard.dispatched = true;
  moe_route(step.model, shard, step.precision, out);
  add_expert_exchange("moe_dispatch", ExpertEnd::Target, step, own, out);
  moe_experts(step.model, shard, step.precision, out);
  const double rows = step.batch * static_cast<double>(step.model.moe.experts_per_token) / shard.ep;
  add_expert_all_reduce(step, rows, out);
  add_expert_exchange("moe_combine", ExpertEnd::Source, step, own, out);
  const Bytes gathered = step.hidden_bytes(held);
  const int size = same_requests.size;
  add_exchange("moe_all_gather", CollectiveKind::AllGather, StartUp::Exchange, same_requests,
               gathered, gathered * ((size - 1.0) / size), out);
  out.push_back(elementwise("norm2"));
}

}  // namespace helixsim
