#pragma once

#include "sim/llm/model_spec.hpp"
#include "sim/llm/operation.hpp"
#include "sim/llm/precision_plan.hpp"
#include "sim/llm/routing.hpp"

namespace helixsim {

/// What one GPU computes of a dense FFN: `tokens` rows over intermediate / tpf columns.
struct DenseFfnShard {
  double tokens = 1;
  int tpf = 1;
  int minimum_columns = 0;  ///< a narrower shard is padded to them
};

/// What one GPU computes of a mixture of experts.
struct MoeFfnShard {
  double routed_tokens = 1;    ///< of all attention groups together
  double local_tokens = 1;     ///< seen by this GPU's router and shared expert
  int tpf = 1;                 ///< GPUs that share an expert
  int ep = 1;                  ///< expert-parallel ranks
  int shared_width = 1;        ///< GPUs that share the shared expert
  ActiveExperts active;        ///< routing of routed_tokens over ep ranks
  bool largest_rank = true;    ///< the critical rank rather than the mean one
  int minimum_columns = 0;     ///< a narrower shard of an expert is padded to them
  bool dispatched = false;     ///< this GPU holds only the tokens that were sent to its experts
  bool shared_beside = false;  ///< the shared expert runs on a second stream beside the routed ones
};

/// Operations of a dense FFN without exchanges: gate and up, activation, down.
void dense_ffn(const ModelSpec& model, const DenseFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out);
double dense_ffn_elements(const ModelSpec& model, int tpf, int minimum_columns = 0);

/// Router and top-k of a mixture of experts; then (after any dispatch) the experts, the shared
/// expert and finalize.
void moe_route(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out);
void moe_experts(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
                 OperationList& out);
double router_elements(const ModelSpec& model);
double routed_expert_elements(const ModelSpec& model, int tpf, int ep, int minimum_columns = 0);
double shared_expert_elements(const ModelSpec& model, int width, int minimum_columns = 0);

/// A shard of matrices of `elements` over `columns`, one of `width`: an even share, unless that is
/// narrower than `minimum_columns`, the least that a kernel computes.
inline double column_shard(double elements, int columns, int width, int minimum_columns) {
  const bool padded = columns > 0 && columns < static_cast<double>(minimum_columns) * width;
  return padded ? elements / columns * minimum_columns : elements / width;
}

}  // namespace helixsim
