#include "sim/llm/ffn/ffn_kind.hpp"

namespace helixsim {

double dense_ffn_elements(const ModelSpec& model, int tpf, int minimum_columns) {
  return column_shard(3.0 * model.hidden * model.dense.intermediate, model.dense.intermediate, tpf,
                      minimum_columns);
}

void dense_ffn(const ModelSpec& model, const DenseFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out) {
  const double elements = dense_ffn_elements(model, shard.tpf, shard.minimum_columns);
  const Precision weights = precision.weight(WeightClass::DenseFfn);
  out.push_back(gemm("ffn_gate_up", elements * (2.0 / 3.0), shard.tokens, weights));
  out.push_back(elementwise("ffn_act"));
  out.push_back(gemm("ffn_down", elements * (1.0 / 3.0), shard.tokens, weights));
}

}  // namespace helixsim
