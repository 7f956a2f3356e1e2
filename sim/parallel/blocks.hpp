#pragma once

#include <string_view>

#include "sim/llm/ffn/ffn_kind.hpp"
#include "sim/parallel/strategy.hpp"

namespace helixsim {

/// Pieces that strategies share. `group` says which GPUs take part.

/// An all-reduce over the group; its time includes residual, RMSNorm and quantise, so a group of
/// one gets the element-wise operation `lone_norm` instead.
void add_all_reduce(std::string_view name, std::string_view lone_norm, const Group& group,
                    Bytes payload, OperationList& out);
/// A collective of `port_bytes` through each port; nothing for a group of one.
void add_exchange(std::string_view name, CollectiveKind kind, StartUp start_up, const Group& group,
                  Bytes payload, Bytes port_bytes, OperationList& out);

/// Bytes of partial outputs and LSE of the local query heads: b (Q/TPA) (size * activation bytes +
/// 4).
Bytes partial_output_bytes(const StepInput& step);

/// FFN blocks that end in one all-reduce over tpf * ep GPUs, as tp, helix and medha have them.
void all_reduce_dense_block(const StepInput& step, const Widths& widths, OperationList& out);
void all_reduce_moe_block(const StepInput& step, const Widths& widths, OperationList& out);
MoeFfnShard moe_shard(const StepInput& step, const Widths& widths);

/// Embedding look-up, vocabulary-parallel over `width` GPUs, and its all-reduce.
void add_embedding(const StepInput& step, int width, OperationList& out);
/// lm_head over the stage's GPUs and the whole batch, gather of each shard's best logit, sampling.
void add_lm_head(const StepInput& step, OperationList& out);

}  // namespace helixsim
