#include "sim/llm/ffn/ffn_kind.hpp"

namespace helixsim {

double dense_ffn_elements(const ModelSpec& model, int tpf, int minimum_columns) {
  return column_shard(3.0 * model.hidden * model.dense.intermediate, model.dense.intermediate, tpf,
                      minimum_columns);
}

void dense_ffn(const ModelSpec& model, const DenseFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out) {
  const double columns = column_shard(model.dense.intermediate, model.dense.intermediate, shard.tpf,
                                      shard.minimum_columns);
  const double hidden = model.hidden;
  const Precision weights = precision.weight(WeightClass::DenseFfn);
  constexpr bool kReady = true;  // the norm, and the activation, give their outputs quantised
  out.push_back(gemm("ffn_gate_up", {.n = 2.0 * columns, .k = hidden}, shard.tokens, weights,
                     TimeCategory::Gemm, kReady));
  out.push_back(elementwise("ffn_act"));
  out.push_back(gemm("ffn_down", {.n = hidden, .k = columns}, shard.tokens, weights,
                     TimeCategory::Gemm, kReady));
}

}  // namespace helixsim
