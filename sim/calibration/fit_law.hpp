#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "sim/calibration/fit_parameters.hpp"
#include "sim/calibration/fit_residuals.hpp"
#include "sim/calibration/log_errors.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

template <class Law>
using MeasuredSpan = std::span<const MeasuredShape<Law>>;

template <class Law>
struct LawSolution {
  Law law{};
  std::vector<ParameterFit> fits = {};
  double cost = std::numeric_limits<double>::infinity();
};

/// The law with the values of its parameters, in their order.
template <class Law>
Law with_parameters(Law law, std::span<const double> values) {
  const auto parameters = Law::parameters();
  for (std::size_t p = 0; p < values.size(); ++p) law.*parameters[p].value = values[p];
  return law;
}

/// The fit of a law's parameters, from those of `start` on. `rows` must outlive it.
template <class Law>
FitProblem law_problem(const Law& start, std::span<const Ceiling<Law>> ceilings,
                       MeasuredSpan<Law> rows) {
  const auto parameters = Law::parameters();
  FitProblem problem;
  for (const auto& parameter : parameters) {
    problem.low.push_back(parameter.low);
    double high = parameter.high;
    for (const Ceiling<Law>& ceiling : ceilings) {
      if (ceiling.value == parameter.value) high = std::min(high, ceiling.most);
    }
    problem.high.push_back(high);
    problem.start.push_back(std::clamp(start.*parameter.value, parameter.low, high));
  }
  for (const auto& row : rows) problem.measured.push_back(row.seconds);
  problem.predict = [start, rows](std::span<const double> values, std::span<double> predicted) {
    const Law law = with_parameters<Law>(start, values);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      predicted[row] = law.seconds(rows[row].shape, false);
    }
  };
  return problem;
}

/// The law that a fit of the parameters of `start` found.
template <class Law>
LawSolution<Law> law_solution(const Law& start, const FitSolution& solution) {
  LawSolution<Law> fitted{
      .law = with_parameters<Law>(start, solution.parameters), .fits = {}, .cost = solution.cost};
  for (std::size_t p = 0; p < solution.parameters.size(); ++p) {
    fitted.fits.push_back({.log_error = solution.errors[p], .pinned = solution.pinned[p]});
  }
  return fitted;
}

/// Fits the parameters of `start` to measurements under the benchmark's conditions (warm caches).
template <class Law>
LawSolution<Law> fit_law(const Law& start, std::span<const Ceiling<Law>> ceilings,
                         MeasuredSpan<Law> rows, const FitEffort& effort = {}) {
  return law_solution<Law>(start, fit_parameters(law_problem<Law>(start, ceilings, rows), effort));
}

/// Every n-th row, at most `most` of them.
template <class Law>
std::vector<MeasuredShape<Law>> thinned(MeasuredSpan<Law> rows, std::size_t most) {
  std::vector<MeasuredShape<Law>> few;
  const std::size_t stride = std::max<std::size_t>(1, (rows.size() + most - 1) / most);
  for (std::size_t row = 0; row < rows.size(); row += stride) few.push_back(rows[row]);
  return few;
}

/// The discrete choices of a plan: one after the other is set to what fits a part of the rows best,
/// until no change of a single one helps, at most three times round.
template <class Law>
Law search_choices(const LawPlan<Law>& plan, MeasuredSpan<Law> rows) {
  if constexpr (std::is_same_v<Law, StreamLaw>) return plan.start;  // has none
  constexpr FitEffort kSearch{.iterations = 15, .pin = false};
  const std::vector<MeasuredShape<Law>> few = thinned<Law>(rows, 700);
  LawSolution<Law> best = fit_law<Law>(plan.start, plan.ceilings, few, kSearch);
  Law start = plan.start;
  for (const Law& other : plan.other_starts) {
    LawSolution<Law> solution = fit_law<Law>(other, plan.ceilings, few, kSearch);
    if (!(solution.cost < best.cost)) continue;
    best = std::move(solution);
    start = other;
  }
  for (int round = 0; round < 3; ++round) {
    bool better = false;
    for (const ChoiceRange<Law>& choice : plan.choices) {
      for (const int value : choice.range) {
        if (best.law.*choice.value == value) continue;
        Law other = round == 0 ? start : best.law;
        for (const ChoiceRange<Law>& kept : plan.choices) other.*kept.value = best.law.*kept.value;
        other.*choice.value = value;
        LawSolution<Law> solution = fit_law<Law>(other, plan.ceilings, few, kSearch);
        if (!(solution.cost < best.cost * 0.999)) continue;
        best = std::move(solution);
        better = true;
      }
    }
    if (!better) break;
  }
  return best.law;
}

/// Nodes of the plan's grids, from the coordinates of the measurements where none are given.
template <class Law>
SmoothGrids grids_of(const LawPlan<Law>& plan, MeasuredSpan<Law> rows) {
  SmoothGrids grids;
  for (const std::vector<AxisPlan>& axes : plan.grids) {
    auto& grid = grids.emplace_back();
    for (const AxisPlan& axis : axes) {
      std::vector<double> nodes = axis.nodes;
      if (nodes.empty()) {
        for (const auto& row : rows) {
          nodes.push_back(FittedLaw<Law>::coordinates_of(row.shape)[axis.coordinate]);
        }
        nodes = apart(std::move(nodes), axis.gap);
      }
      grid.push_back({.axis = {.coordinate = axis.coordinate, .nodes = std::move(nodes)},
                      .smoothness = axis.smoothness});
    }
  }
  return grids;
}

/// What the law leaves over of each row.
template <class Law>
std::vector<ResidualSample> samples_of(const Law& law, MeasuredSpan<Law> rows) {
  std::vector<ResidualSample> samples;
  for (const auto& row : rows) {
    const auto at = FittedLaw<Law>::coordinates_of(row.shape);
    samples.push_back({.coordinates = {at.begin(), at.end()},
                       .log_ratio = std::log(row.seconds / law.seconds(row.shape, false))});
  }
  return samples;
}

/// The plan with the smoothness of its grids tuned to the rows, where it asks for that.
template <class Law>
LawPlan<Law> tuned(LawPlan<Law> plan, const Law& law, MeasuredSpan<Law> rows) {
  if (!plan.tune_smoothness || plan.grids.empty()) return plan;
  const SmoothGrids best =
      with_best_smoothness(grids_of<Law>(plan, rows), samples_of<Law>(law, rows));
  for (std::size_t grid = 0; grid < best.size(); ++grid) {
    for (std::size_t axis = 0; axis < best[grid].size(); ++axis) {
      plan.grids[grid][axis].smoothness = best[grid][axis].smoothness;
    }
  }
  return plan;
}

/// A law with its residuals. The errors are left empty.
template <class Law>
FittedLaw<Law> with_residuals(const LawSolution<Law>& solution, const LawPlan<Law>& plan,
                              MeasuredSpan<Law> rows) {
  FittedLaw<Law> fitted{.law = solution.law, .fits = solution.fits, .rows = std::ssize(rows)};
  const std::vector<ResidualSample> samples = samples_of<Law>(solution.law, rows);
  fitted.low.resize(Law::coordinates().size());
  for (std::size_t c = 0; c < fitted.low.size(); ++c) {
    const auto less = [c](const ResidualSample& a, const ResidualSample& b) {
      return a.coordinates[c] < b.coordinates[c];
    };
    const auto [low, high] = std::minmax_element(samples.begin(), samples.end(), less);
    fitted.low[c] = low->coordinates[c];
    fitted.high.push_back(high->coordinates[c]);
  }
  if (!plan.grids.empty()) fitted.residuals = fit_residuals(grids_of<Law>(plan, rows), samples);
  return fitted;
}

/// Parameters from `start` on, and residuals tuned as the plan asks.
template <class Law>
FittedLaw<Law> fit_with_residuals(const Law& start, const LawPlan<Law>& plan,
                                  MeasuredSpan<Law> rows) {
  const LawSolution<Law> solution = fit_law<Law>(start, plan.ceilings, rows);
  return with_residuals<Law>(solution, tuned<Law>(plan, solution.law, rows), rows);
}

/// A row, and which fit that has not seen it is judged by it.
template <class Law>
struct JudgedRow {
  MeasuredShape<Law> row;
  std::size_t trial = 0;  ///< of FamilyFit::trials
};

/// A family's fit, and those that told its error.
template <class Law>
struct FamilyFit {
  FittedLaw<Law> fitted;               ///< to all rows
  std::vector<FittedLaw<Law>> trials;  ///< each to the rows that it is not judged by
  std::vector<JudgedRow<Law>> judged;
  bool in_turn = false;  ///< too few rows to keep a fifth out: each has a trial of its own

  [[nodiscard]] const FittedLaw<Law>& trial_of(const JudgedRow<Law>& judge) const {
    return trials[judge.trial];
  }
};

/// Choices searched, parameters fitted and residuals tuned without a fifth of the rows, and the
/// same choices and the same smoothness fitted again to all rows.
template <class Law>
FamilyFit<Law> fit_beside_held(const MeasuredFamily<Law>& family, MeasuredSpan<Law> kept,
                               MeasuredSpan<Law> held) {
  const Law choices = search_choices<Law>(family.plan, kept);
  const LawSolution<Law> solution = fit_law<Law>(choices, family.plan.ceilings, kept);
  const LawPlan<Law> plan = tuned<Law>(family.plan, solution.law, kept);
  FamilyFit<Law> fit;
  fit.trials.push_back(with_residuals<Law>(solution, plan, kept));
  fit.fitted = with_residuals<Law>(fit_law<Law>(fit.trials[0].law, plan.ceilings, family.rows),
                                   plan, family.rows);
  for (const auto& row : held) fit.judged.push_back({.row = row});
  return fit;
}

/// Everything fitted to all rows, and once more without each shape. What no other row tells is as
/// the plan begins with.
template <class Law>
FamilyFit<Law> fit_in_turn(const MeasuredFamily<Law>& family) {
  const auto fit_to = [&](MeasuredSpan<Law> rows) {
    return fit_with_residuals<Law>(search_choices<Law>(family.plan, rows), family.plan, rows);
  };
  FamilyFit<Law> fit;
  fit.in_turn = true;
  fit.fitted = fit_to(family.rows);
  for (const MeasuredShape<Law>& row : family.rows) {
    std::vector<MeasuredShape<Law>> others = family.rows;
    std::erase_if(others, [&](const auto& other) { return other.shape == row.shape; });
    fit.judged.push_back({.row = row, .trial = fit.trials.size()});
    fit.trials.push_back(others.empty() ? FittedLaw<Law>{.law = family.plan.start}
                                        : fit_to(others));
  }
  return fit;
}

/// The whole fit of a kernel family, and its error on rows that the fit which they judge did not
/// see: a fifth of them, or, of fewer than 20, each in turn.
template <class Law>
FamilyFit<Law> fit_with_trial(const MeasuredFamily<Law>& family) {
  const auto [kept, held] = split_rows<Law>(family.rows);
  FamilyFit<Law> fit =
      held.empty() ? fit_in_turn<Law>(family) : fit_beside_held<Law>(family, kept, held);
  fit.fitted.source = family.source;
  std::vector<double> of_law;
  std::vector<double> of_all;
  for (const JudgedRow<Law>& judge : fit.judged) {
    const FittedLaw<Law>& trial = fit.trial_of(judge);
    const auto& [shape, seconds] = judge.row;
    of_law.push_back(std::log(seconds / trial.law.seconds(shape, false)));
    of_all.push_back(std::log(seconds / trial.seconds(shape, false)));
  }
  fit.fitted.law_error = law_error(std::move(of_law));
  fit.fitted.error = law_error(std::move(of_all));
  return fit;
}

template <class Law>
FittedLaw<Law> fit_family(const MeasuredFamily<Law>& family) {
  return fit_with_trial(family).fitted;
}

}  // namespace helixsim
