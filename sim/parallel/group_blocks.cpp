#include "sim/parallel/group_blocks.hpp"

#include <fmt/format.h>

namespace helixsim {

void add_groups_exchange(std::string_view name, CollectiveKind kind, const StepInput& step,
                         OperationList& out) {
  if (step.layout.dp == 1) return;
  const Bytes payload = step.hidden_bytes(step.batch);
  const double others = (step.layout.dp - 1.0) / step.layout.dp;
  add_exchange(name, kind, StartUp::Exchange, step.layout.stage_group(), payload, payload * others,
               out);
}

void grouped_dense_block(const StepInput& step, OperationList& out) {
  add_groups_exchange("ffn_all_gather", CollectiveKind::AllGather, step, out);
  dense_ffn(step.model,
            {.tokens = static_cast<double>(step.batch),
             .tpf = step.layout.stage_gpus(),
             .minimum_columns = step.options.minimum_shard_columns},
            step.precision, out);
  add_groups_exchange("ffn_reduce_scatter", CollectiveKind::ReduceScatter, step, out);
  out.push_back(elementwise("norm2"));
}

std::optional<LayoutFault> dispatch_fault(const ModelSpec& model, const Layout& layout,
                                          const char* condition) {
  if (model.moe.layers == 0 || layout.ep > 1) return std::nullopt;
  return LayoutFault{
      "ep",
      fmt::format("1 is outside [2, ...] {}; dispatch needs expert-parallel ranks", condition)};
}

}  // namespace helixsim
