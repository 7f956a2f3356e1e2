#include "sim/calibration/held_out_row.hpp"

#include <fmt/format.h>

namespace helixsim {
namespace {

std::string words(const GemmShape& shape) {
  const std::string one = fmt::format("m {:g}, n {:g}, k {:g}", shape.m, shape.n, shape.k);
  return shape.batch > 1.0 ? fmt::format("{:g} x ({})", shape.batch, one) : one;
}
std::string words(const AttentionShape& shape) {
  std::string text =
      fmt::format("batch {:g}, {:g} tokens, {:g} KV heads, group {:g}, head {:g}", shape.batch,
                  shape.kv_tokens, shape.kv_heads, shape.group, shape.head_size);
  if (shape.window > 0.0) text += fmt::format(", window {:g}", shape.window);
  return text;
}
std::string words(const GroupedGemmShape& shape) {
  return fmt::format("{:g} tokens, {:g} rows, {:g} of {:g} experts, {:g} x {:g}", shape.tokens,
                     shape.rows, shape.active, shape.experts, shape.hidden, shape.intermediate);
}
std::string words(const StreamShape& shape) {
  return fmt::format("{:g} x {:g}", shape.rows, shape.columns);
}
std::string words(const CollectiveShape& shape) {
  return fmt::format("{:g} GPUs, {:g} bytes on the wire", shape.ranks, shape.wire_bytes);
}

double least_bytes(const GemmLaw& law, const GemmShape& shape) {
  return elements(shape) * law.weight_bytes + 2.0 * shape.batch * shape.m * (shape.k + shape.n);
}
double least_bytes(const AttentionLaw& law, const AttentionShape& shape) {
  const double seen =
      shape.window > 0.0 ? std::min(shape.window, shape.kv_tokens) : shape.kv_tokens;
  return shape.batch * shape.kv_heads * seen * law.sides * shape.head_size * law.kv_bytes;
}
double least_bytes(const GroupedGemmLaw& law, const GroupedGemmShape& shape) {
  return shape.active * law.matrices * shape.hidden * shape.intermediate * law.weight_bytes;
}
double least_bytes(const StreamLaw& law, const StreamShape& shape) {
  return law.element_bytes * shape.rows * shape.columns;
}
double least_bytes(const CollectiveLaw& /*law*/, const CollectiveShape& shape) {
  return shape.wire_bytes;
}

}  // namespace

template <class Law>
std::vector<HeldOutRow> held_out_rows(const FamilyFit<Law>& fit) {
  std::vector<HeldOutRow> rows;
  for (const JudgedRow<Law>& judge : fit.judged) {
    const MeasuredShape<Law>& row = judge.row;
    const FittedLaw<Law>& trial = fit.trial_of(judge);
    const Law& law = trial.law;
    HeldOutRow one{.shape = words(row.shape),
                   .bytes = least_bytes(law, row.shape),
                   .measured = row.seconds,
                   .predicted = trial.seconds(row.shape, false),
                   .law_alone = law.seconds(row.shape, false),
                   .region = law.terms(row.shape, false).region()};
    if constexpr (requires { law.splits(row.shape); }) {
      const SplitPlan plan = law.splits(row.shape);
      one.splits = plan.splits;
      one.waves = plan.waves;
    }
    rows.push_back(std::move(one));
  }
  return rows;
}

template std::vector<HeldOutRow> held_out_rows(const FamilyFit<GemmLaw>&);
template std::vector<HeldOutRow> held_out_rows(const FamilyFit<AttentionLaw>&);
template std::vector<HeldOutRow> held_out_rows(const FamilyFit<GroupedGemmLaw>&);
template std::vector<HeldOutRow> held_out_rows(const FamilyFit<StreamLaw>&);
template std::vector<HeldOutRow> held_out_rows(const FamilyFit<CollectiveLaw>&);

}  // namespace helixsim
