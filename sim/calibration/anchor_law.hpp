#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "sim/calibration/fit_law.hpp"
#include "sim/engine/contract.hpp"

namespace helixsim {

/// The most probable parameters after `rows`, of which the transfer is what was believed before,
/// and the standard errors that remain. Times of rows are without residuals.
template <class Law>
LawSolution<Law> most_probable(const Law& moved, MeasuredSpan<Law> rows) {
  FitProblem problem = law_problem<Law>(moved, {}, rows);
  std::size_t p = 0;
  for (const LawParameter<Law>& parameter : Law::parameters()) {
    const double value = moved.*parameter.value;
    problem.priors.push_back(
        {.center = std::log(value), .sd = transfer_prior(parameter.on_other_gpu)});
    // A data sheet may take a rate beyond what a fit may find.
    problem.low[p] = std::min(problem.low[p], value);
    problem.high[p] = std::max(problem.high[p], value);
    problem.start[p++] = value;
  }
  return law_solution<Law>(moved, fit_parameters(problem));
}

/// A moved law with measurements of the GPU that it was moved to, and its error on them.
template <class Law>
struct AnchoredLaw {
  FittedLaw<Law> fitted;
  LawError before;  ///< of the law as it was moved, on all anchors
  LawError after;   ///< of refits, each judged by a twelfth of the anchors, which it did not see
};

/// A moved law refitted to a few measurements of the GPU that it was moved to, its anchors: the
/// most probable parameters, of which the transfer is what was believed before (`transfer_prior`);
/// choices and residuals stay. The standard errors of its parameters, and with them
/// `transfer_log_sd`, are those that remain. Its errors are those of the source or, where that is
/// larger, what refits made on anchors that they did not see. `plan` is that of the anchors'
/// family: it says in which L2 the measured operands lay. `system`: whose GPU it is. Contract:
/// there are anchors.
template <class Law>
AnchoredLaw<Law> with_anchors(const FittedLaw<Law>& moved, const LawPlan<Law>& plan,
                              MeasuredSpan<Law> anchors, const std::string& system) {
  ensure(!anchors.empty(), "a law is refitted to measurements");
  constexpr std::size_t kParts = 12;
  const auto log_error = [](const Law& law, const MeasuredShape<Law>& row) {
    return std::log(row.seconds / law.seconds(row.shape, false));
  };
  Law as_measured = moved.law;
  if constexpr (requires { plan.start.gpu; }) as_measured.gpu.l2_bytes = plan.start.gpu.l2_bytes;
  // No parameter changes the factors of the residuals.
  std::vector<MeasuredShape<Law>> rows(anchors.begin(), anchors.end());
  for (auto& row : rows) row.seconds *= std::exp(-moved.log_factor(row.shape));

  std::vector<double> before;
  for (const auto& row : rows) before.push_back(log_error(as_measured, row));
  std::vector<double> after;
  const std::size_t parts = std::min(kParts, rows.size());
  for (std::size_t part = 0; part < parts && rows.size() > 1; ++part) {
    const auto is_judged = [&](const typename Law::Shape& shape) {
      for (std::size_t row = part; row < rows.size(); row += parts) {
        if (rows[row].shape == shape) return true;  // also when it was measured twice
      }
      return false;
    };
    std::vector<MeasuredShape<Law>> kept;
    for (const auto& row : rows) {
      if (!is_judged(row.shape)) kept.push_back(row);
    }
    if (kept.empty()) continue;
    const Law law = most_probable<Law>(as_measured, kept).law;
    for (std::size_t row = part; row < rows.size(); row += parts)
      after.push_back(log_error(law, rows[row]));
  }

  LawSolution<Law> solution = most_probable<Law>(as_measured, rows);
  AnchoredLaw<Law> anchored{.fitted = moved,
                            .before = law_error(before),
                            .after = law_error(after.empty() ? before : after)};
  FittedLaw<Law>& fitted = anchored.fitted;
  fitted.law = solution.law;
  if constexpr (requires { plan.start.gpu; }) fitted.law.gpu = moved.law.gpu;
  fitted.fits = std::move(solution.fits);
  fitted.error = larger(moved.error, anchored.after);
  fitted.law_error = larger(moved.law_error, anchored.after);
  fitted.source += "; then " + std::to_string(rows.size()) + " measured on " + system;
  for (const auto& row : rows) {
    const auto at = FittedLaw<Law>::coordinates_of(row.shape);
    for (std::size_t c = 0; c < fitted.low.size(); ++c) {
      fitted.low[c] = std::min(fitted.low[c], at[c]);
      fitted.high[c] = std::max(fitted.high[c], at[c]);
    }
  }
  return anchored;
}

/// At most `most` rows, in even steps of their order by the time that the law gives them: the
/// quickest, the slowest, and between.
template <class Law>
std::vector<std::size_t> spread_anchors(const FittedLaw<Law>& moved, MeasuredSpan<Law> rows,
                                        std::size_t most) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> times;
  for (const auto& row : rows) times.push_back(moved.seconds(row.shape, false));
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return times[a] < times[b]; });
  if (order.size() <= most) return order;
  std::vector<std::size_t> spread;
  const std::size_t steps = std::max<std::size_t>(most, 2) - 1;
  for (std::size_t i = 0; i < most; ++i) spread.push_back(order[i * (order.size() - 1) / steps]);
  return spread;
}

}  // namespace helixsim
