#include "sim/llm/ffn/ffn_kind.hpp"

namespace helixsim {
namespace {

/// A grouped GEMM reads the weights of the active experts and computes for the tokens routed to
/// this rank. The critical rank computes in proportion to its active experts. `part`: of the kernel
/// that routes, runs both GEMMs and sums.
Operation expert_gemm(std::string_view name, const GemmShape& of_expert, double part,
                      const ModelSpec& model, const MoeFfnShard& shard, Precision precision) {
  const MoeFfnSpec& moe = model.moe;
  const double active = shard.largest_rank ? shard.active.largest : shard.active.mean;
  const double load = shard.active.mean > 0.0 ? active / shard.active.mean : 1.0;
  const double rows = shard.routed_tokens * moe.experts_per_token / shard.ep * load;
  Operation op = gemm(name, of_expert, rows, precision, TimeCategory::Moe);
  op.work.kind = KernelKind::GroupedGemm;
  op.work.weight_bytes *= active;
  op.work.part = part;
  op.work.shape =
      GroupedGemmShape{.tokens = shard.routed_tokens,
                       .rows = rows,
                       .active = active,
                       .experts = static_cast<double>(moe.experts) / shard.ep,
                       .hidden = static_cast<double>(model.hidden),
                       .intermediate = static_cast<double>(moe.intermediate) / shard.tpf};
  op.active_experts = active;
  return op;
}

}  // namespace

double router_elements(const ModelSpec& model) {
  return static_cast<double>(model.hidden) * model.moe.experts;
}

double routed_expert_elements(const ModelSpec& model, int tpf, int ep) {
  return 3.0 * model.hidden * model.moe.intermediate * model.moe.experts /
         (static_cast<double>(tpf) * ep);
}

double shared_expert_elements(const ModelSpec& model, int width) {
  return 3.0 * model.hidden * model.moe.shared_intermediate / width;
}

void moe_route(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
               OperationList& out) {
  out.push_back(
      gemm("router",
           {.n = static_cast<double>(model.moe.experts), .k = static_cast<double>(model.hidden)},
           shard.local_tokens, precision.weight(WeightClass::Router), TimeCategory::Moe));
  out.push_back(included_elementwise("topk_permute", TimeCategory::Moe));
}

void moe_experts(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
                 OperationList& out) {
  const double columns = static_cast<double>(model.moe.intermediate) / shard.tpf;
  const double hidden = model.hidden;
  const Precision routed = precision.weight(WeightClass::RoutedExperts);
  out.push_back(expert_gemm("expert_gate_up", {.n = 2.0 * columns, .k = hidden}, 2.0 / 3.0, model,
                            shard, routed));
  out.push_back(
      expert_gemm("expert_down", {.n = hidden, .k = columns}, 1.0 / 3.0, model, shard, routed));
  if (model.moe.shared_intermediate > 0) {
    const double shared_columns =
        static_cast<double>(model.moe.shared_intermediate) / shard.shared_width;
    const Precision shared = precision.weight(WeightClass::SharedExpert);
    constexpr bool kReady = true;  // shared with the routed experts, and fused into the activation
    out.push_back(gemm("shared_gate_up", {.n = 2.0 * shared_columns, .k = hidden},
                       shard.local_tokens, shared, TimeCategory::Moe, kReady));
    out.push_back(gemm("shared_down", {.n = hidden, .k = shared_columns}, shard.local_tokens,
                       shared, TimeCategory::Moe, kReady));
  }
  out.push_back(included_elementwise("finalize", TimeCategory::Moe));
}

}  // namespace helixsim
