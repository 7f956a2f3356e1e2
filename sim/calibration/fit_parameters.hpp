#pragma once

#include <functional>
#include <span>
#include <vector>

namespace helixsim {

/// What is believed of a parameter before anything is measured: its logarithm is normal.
struct LogPrior {
  double center = 0.0;
  double sd = 0.0;  ///< above 0
};

/// Positive parameters of a model whose predicted times are to meet measured ones.
struct FitProblem {
  std::vector<double> start;
  std::vector<double> low;
  std::vector<double> high;
  std::vector<double> measured;       ///< seconds
  std::vector<LogPrior> priors = {};  ///< of every parameter, or empty: nothing is believed
  /// Writes a prediction for each measurement.
  std::function<void(std::span<const double> parameters, std::span<double> predicted)> predict;
};

struct FitEffort {
  int iterations = 40;
  bool pin = true;  ///< look for parameters that are not told; a mere search does without
};

struct FitSolution {
  std::vector<double> parameters;
  /// Standard error of each parameter's logarithm; 0 where it was pinned.
  std::vector<double> errors;
  /// Kept at its start because the measurements do not tell it.
  std::vector<bool> pinned;
  double cost = 0.0;  ///< mean robust square of log errors
};

/// Least squares on log time with a soft-L1 loss of scale 0.05 (of the logarithm), within bounds,
/// by Levenberg-Marquardt on the logarithms of the parameters. A parameter that moves no
/// prediction, or whose standard error exceeds a factor of e, is pinned and the rest fitted again.
///
/// With priors it is the most probable point, measurements being off by 5 % (the scale of the loss)
/// where they agree better than that; standard errors are then of what is believed afterwards,
/// never above those of the priors, and nothing is pinned.
///
/// Deterministic. Contract: low <= start <= high, all positive; there are measurements.
FitSolution fit_parameters(const FitProblem& problem, const FitEffort& effort = {});

/// Variance of a row's log time about a fit that leaves `cost`, a sum of robust squares. Where rows
/// do not outnumber the free parameters, what is left says nothing: they scatter as the loss
/// assumes.
double row_variance(double cost, std::size_t rows, std::size_t free);

/// The robust cost at a problem's start, and how it bends over the logarithms of some parameters.
struct FitCurvature {
  double cost = 0.0;           ///< sum of robust squares
  std::vector<double> matrix;  ///< J^T J of their roots, row by row, of the parameters asked for
};
FitCurvature curvature_of(const FitProblem& problem, const std::vector<std::size_t>& free);

}  // namespace helixsim
