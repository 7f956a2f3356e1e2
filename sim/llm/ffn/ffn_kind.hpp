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
};

/// What one GPU computes of a mixture of experts.
struct MoeFfnShard {
  double routed_tokens = 1;  ///< of all attention groups together
  double local_tokens = 1;   ///< seen by this GPU's router and shared expert
  int tpf = 1;               ///< GPUs that share an expert
  int ep = 1;                ///< expert-parallel ranks
  int shared_width = 1;      ///< GPUs that share the shared expert
  ActiveExperts active;      ///< routing of routed_tokens over ep ranks
  bool largest_rank = true;  ///< the critical rank rather than the mean one
};

/// Operations of a dense FFN without exchanges: gate and up, activation, down.
void dense_ffn(const ModelSpec& model, const DenseFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out);
double dense_ffn_elements(const ModelSpec& model, int tpf);

/// Router and top-k of a mixture of experts; then (after any dispatch) the experts, the shared
/// expert and finalize.
void moe_route(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out);
void moe_experts(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
                 OperationList& out);
double router_elements(const ModelSpec& model);
double routed_expert_elements(const ModelSpec& model, int tpf, int ep);
double shared_expert_elements(const ModelSpec& model, int width);

}  // namespace helixsim
