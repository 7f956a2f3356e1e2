#include "sim/llm/ffn/ffn_kind.hpp"

namespace helixsim {
namespace {

/// A grouped GEMM reads the weights of the active experts and computes for the tokens routed to
/// this rank. The critical rank computes more than an even share, as routing says.
Operation expert_gemm(std::string_view name, double elements_per_expert, const MoeFfnSpec& moe,
                      const MoeFfnShard& shard, Precision precision) {
  const double active = shard.largest_rank ? shard.active.largest : shard.active.mean;
  const double load = shard.largest_rank ? shard.active.load : 1.0;
  const double rows = shard.routed_tokens * moe.experts_per_token / shard.ep * load;
  Operation op = gemm(name, elements_per_expert, rows, precision, TimeCategory::Moe);
  op.work.kind = KernelKind::GroupedGemm;
  op.work.weight_bytes *= active;
  op.active_experts = active;
  return op;
}

}  // namespace

double router_elements(const ModelSpec& model) {
  return static_cast<double>(model.hidden) * model.moe.experts;
}

double routed_expert_elements(const ModelSpec& model, int tpf, int ep, int minimum_columns) {
  const double all = 3.0 * model.hidden * model.moe.intermediate * model.moe.experts;
  const bool padded = model.moe.intermediate < static_cast<double>(minimum_columns) * tpf;
  return padded ? column_shard(all, model.moe.intermediate, tpf, minimum_columns) / ep
                : all / (static_cast<double>(tpf) * ep);
}

double shared_expert_elements(const ModelSpec& model, int width, int minimum_columns) {
  const int columns = model.moe.shared_intermediate;
  return column_shard(3.0 * model.hidden * columns, columns, width, minimum_columns);
}

void moe_route(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out) {
  out.push_back(gemm("router", router_elements(model), shard.local_tokens,
                     precision.weight(WeightClass::Router), TimeCategory::Moe));
  out.push_back(elementwise("topk_permute", TimeCategory::Moe));
}

void moe_experts(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
                 OperationList& out) {
  const double one_matrix = column_shard(static_cast<double>(model.hidden) * model.moe.intermediate,
                                         model.moe.intermediate, shard.tpf, shard.minimum_columns);
  const Precision routed = precision.weight(WeightClass::RoutedExperts);
  const auto add_routed = [&] {
    out.push_back(expert_gemm("expert_gate_up", 2.0 * one_matrix, model.moe, shard, routed));
    out.push_back(expert_gemm("expert_down", one_matrix, model.moe, shard, routed));
  };
  const auto add_shared = [&](KernelStream stream) {
    if (model.moe.shared_intermediate == 0) return;
    const double elements =
        shared_expert_elements(model, shard.shared_width, shard.minimum_columns);
    const Precision shared = precision.weight(WeightClass::SharedExpert);
    const auto add = [&](std::string_view name, double part) {
      out.push_back(gemm(name, elements * part, shard.local_tokens, shared, TimeCategory::Moe));
      out.back().stream = stream;
    };
    add("shared_gate_up", 2.0 / 3.0);
    add("shared_down", 1.0 / 3.0);
  };
  if (shard.shared_beside) {
    add_shared(KernelStream::Second);
    add_routed();
  } else {
    add_routed();
    add_shared(KernelStream::First);
  }
  out.push_back(elementwise("finalize", TimeCategory::Moe));
  if (shard.shared_beside) out.back().stream = KernelStream::FirstAfterSecond;
}

}  // namespace helixsim
