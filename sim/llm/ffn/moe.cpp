#include "sim/llm/ffn/ffn_kind.hpp"

#include <algorithm>
#include <span>

namespace helixsim {
namespace {

/// A grouped GEMM reads the weights of the active experts and computes for the tokens routed to
/// this rank. The critical rank computes more than an even share, as routing says. `part`: of the
/// kernel that routes, runs both GEMMs and sums.
Operation expert_gemm(std::string_view name, const GemmShape& of_expert, double columns,
                      double part, const ModelSpec& model, const MoeFfnShard& shard,
                      Precision precision) {
  const MoeFfnSpec& moe = model.moe;
  const double active = shard.largest_rank ? shard.active.largest : shard.active.mean;
  const double load = shard.largest_rank ? shard.active.load : 1.0;
  const double rows = shard.routed_tokens * moe.experts_per_token / shard.ep * load;
  Operation op = gemm(name, of_expert, rows, precision, TimeCategory::Moe);
  op.work.kind = KernelKind::GroupedGemm;
  op.work.weight_bytes *= active;
  op.work.part = part;
  const double here = shard.dispatched ? std::min(shard.routed_tokens, rows) : shard.routed_tokens;
  op.work.shape = GroupedGemmShape{.tokens = here,
                                   .rows = rows,
                                   .active = active,
                                   .experts = static_cast<double>(moe.experts) / shard.ep,
                                   .hidden = static_cast<double>(model.hidden),
                                   .intermediate = columns};
  op.active_experts = active;
  return op;
}

/// What the first stream reads beside the second is spread over the kernels of the second, in
/// proportion to what they read.
void share_hbm(std::span<Operation> operations) {
  Bytes first;
  Bytes second;
  for (const Operation& op : operations)
    (op.stream == KernelStream::Second ? second : first) += op.work.hbm_bytes();
  for (Operation& op : operations) {
    if (op.stream == KernelStream::Second) op.beside_bytes = first * (op.work.hbm_bytes() / second);
  }
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
  out.push_back(
      gemm("router",
           {.n = static_cast<double>(model.moe.experts), .k = static_cast<double>(model.hidden)},
           shard.local_tokens, precision.weight(WeightClass::Router), TimeCategory::Moe));
  out.push_back(included_elementwise("topk_permute", TimeCategory::Moe));
}

void moe_experts(const ModelSpec& model, const MoeFfnShard& shard, const PrecisionPlan& precision,
                 OperationList& out) {
  const auto columns_of = [&](int columns, int width) {
    return column_shard(columns, columns, width, shard.minimum_columns);
  };
  const double hidden = model.hidden;
  const auto add_routed = [&] {
    const double columns = columns_of(model.moe.intermediate, shard.tpf);
    const Precision routed = precision.weight(WeightClass::RoutedExperts);
    out.push_back(expert_gemm("expert_gate_up", {.n = 2.0 * columns, .k = hidden}, columns,
                              2.0 / 3.0, model, shard, routed));
    out.push_back(expert_gemm("expert_down", {.n = hidden, .k = columns}, columns, 1.0 / 3.0, model,
                              shard, routed));
  };
  const auto add_shared = [&](KernelStream stream) {
    if (model.moe.shared_intermediate == 0) return;
    const double columns = columns_of(model.moe.shared_intermediate, shard.shared_width);
    const Precision shared = precision.weight(WeightClass::SharedExpert);
    const auto add = [&](std::string_view name, const GemmShape& shape) {
      constexpr bool kReady = true;  // shared with the routed experts; fused into the activation
      out.push_back(gemm(name, shape, shard.local_tokens, shared, TimeCategory::Moe, kReady));
      out.back().stream = stream;
    };
    add("shared_gate_up", {.n = 2.0 * columns, .k = hidden});
    add("shared_down", {.n = hidden, .k = columns});
  };
  if (shard.shared_beside) {
    const std::size_t begin = out.size();
    add_shared(KernelStream::Second);
    add_routed();
    share_hbm(std::span(out).subspan(begin));
  } else {
    add_routed();
    add_shared(KernelStream::First);
  }
  out.push_back(included_elementwise("finalize", TimeCategory::Moe));
  if (shard.shared_beside) out.back().stream = KernelStream::FirstAfterSecond;
}

}  // namespace helixsim
