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

/// The attention of GPUs that each hold the whole sequence: projections, attention, output
/// projection.
void add_local_attention(const StepInput& step, const AttentionShard& shard, OperationList& out);

/// Values of a head's partial output that KVP ranks exchange: before W_UV or after it.
int exchanged_size(const StepInput& step);
/// Bytes of partial outputs and LSE of the local query heads: b (Q/TPA) (size * activation bytes +
/// 4).
Bytes partial_output_bytes(const StepInput& step);
/// The 4 of it.
Bytes lse_bytes(const StepInput& step);
/// All-to-all of partial outputs and LSE in the KVP group, and their combination. HOP-B cuts it
/// where it follows attention directly.
void add_kvp_all_to_all(const StepInput& step, OperationList& out);

/// A dense FFN that ends in one all-reduce, as tp, helix and medha have it.
void all_reduce_dense_block(const StepInput& step, const Widths& widths, OperationList& out);

/// Embedding look-up, vocabulary-parallel over `width` GPUs, and its all-reduce.
void add_embedding(const StepInput& step, int width, OperationList& out);
/// lm_head over the stage's GPUs and the whole batch, gather of each shard's best logit, sampling.
void add_lm_head(const StepInput& step, OperationList& out);

}  // namespace helixsim
