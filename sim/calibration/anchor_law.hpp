#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "sim/calibration/fit_law.hpp"

namespace helixsim {

/// What is believed of each parameter of a moved law before anything is measured there.
template <class Law>
std::vector<LogPrior> transfer_priors(const FittedLaw<Law>& moved) {
  std::vector<LogPrior> priors;
  for (const LawParameter<Law>& parameter : Law::parameters()) {
    const std::size_t p = priors.size();
    const double sd = p < moved.fits.size() ? moved.fits[p].log_error : 0.0;
    priors.push_back({.center = std::log(moved.law.*parameter.value),
                      .sd = std::max(sd, transfer_prior(parameter.on_other_gpu))});
  }
  return priors;
}

/// The most probable parameters after `rows`, whose times are without residuals, and the standard
/// errors that remain.
template <class Law>
FittedLaw<Law> refitted(FittedLaw<Law> moved, MeasuredSpan<Law> rows) {
  FitProblem problem = law_problem<Law>(moved.law, {}, rows);
  problem.priors = transfer_priors(moved);
  for (std::size_t p = 0; p < problem.start.size(); ++p) {
    const double start = std::exp(problem.priors[p].center);
    problem.low[p] = std::min(problem.low[p], start);    // a data sheet may take a rate beyond what
    problem.high[p] = std::max(problem.high[p], start);  // a fit may find
    problem.start[p] = std::clamp(start, problem.low[p], problem.high[p]);
  }
  const FitSolution solution = fit_parameters(problem);
  moved.law = with_parameters<Law>(moved.law, solution.parameters);
  moved.fits.clear();
  for (const double error : solution.errors) moved.fits.push_back({.log_error = error});
  return moved;
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
/// `transfer_log_sd`, are those that remain. Its error is that of the source or, where that is
/// larger, what refits made on anchors that they did not see. Contract: there are anchors; the law
/// was moved.
template <class Law>
AnchoredLaw<Law> with_anchors(const FittedLaw<Law>& moved, MeasuredSpan<Law> anchors) {
  constexpr std::size_t kParts = 12;
  const auto log_error = [](const Law& law, const MeasuredShape<Law>& row) {
    return std::log(row.seconds / law.seconds(row.shape, false));
  };
  // No parameter changes the factors of the residuals.
  std::vector<MeasuredShape<Law>> rows(anchors.begin(), anchors.end());
  for (auto& row : rows) row.seconds *= std::exp(-moved.log_factor(row.shape));

  std::vector<double> before;
  for (const auto& row : rows) before.push_back(log_error(moved.law, row));
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
    const Law law = refitted<Law>(moved, kept).law;
    for (std::size_t row = part; row < rows.size(); row += parts)
      after.push_back(log_error(law, rows[row]));
  }

  AnchoredLaw<Law> anchored{.fitted = refitted<Law>(moved, rows),
                            .before = law_error(before),
                            .after = law_error(after.empty() ? before : after)};
  anchored.fitted.error = larger(moved.error, anchored.after);
  anchored.fitted.source += "; then " + std::to_string(rows.size()) + " measured here";
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
