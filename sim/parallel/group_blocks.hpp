#pragma once

#include "sim/parallel/blocks.hpp"

namespace helixsim {

/// Pieces of strategies whose attention groups have requests of their own (dp > 1) while the FFN is
/// spread over all GPUs of the stage. Their mixture of experts is dispatch_moe_block.

/// Hidden states of the whole batch between the attention groups; a port carries the (dp-1)/dp that
/// are not its own. Nothing for one group.
void add_groups_exchange(std::string_view name, CollectiveKind kind, const StepInput& step,
                         OperationList& out);

/// All-gather of the groups' hidden states, a dense FFN over all GPUs, reduce-scatter.
void grouped_dense_block(const StepInput& step, OperationList& out);

/// Why groups cannot dispatch their tokens: a single expert rank. `condition` completes the
/// message.
std::optional<LayoutFault> dispatch_fault(const ModelSpec& model, const Layout& layout,
                                          const char* condition);

}  // namespace helixsim
