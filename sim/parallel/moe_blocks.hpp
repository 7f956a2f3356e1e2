#pragma once

#include "sim/parallel/blocks.hpp"

namespace helixsim {

/// A mixture of experts on a GPU that holds all tokens of its attention group, with the exchange
/// that options and layout ask for (moe_exchange_of).
void moe_block(const StepInput& step, const Widths& widths, OperationList& out);

/// One all-reduce over tpf * ep GPUs.
void all_reduce_moe_block(const StepInput& step, const Widths& widths, OperationList& out);

/// As the Helix paper words it: all-reduce over the TPF GPUs of an expert, all-gather of [B, H]
/// partials over EP, local sum. Source: Bhatia et al. 2025, section 2.3.
void all_gather_moe_block(const StepInput& step, const Widths& widths, OperationList& out);

/// Dispatch and combine all-to-all; then the GPUs that hold the same requests share the result by
/// an all-gather. With attention groups a port carries all b tokens of its group (the reference
/// points of strategy dp count so); where all GPUs hold the whole batch each takes an n-th of it.
void dispatch_moe_block(const StepInput& step, const Widths& widths, OperationList& out);

}  // namespace helixsim
