#pragma once

#include <cstddef>
#include <vector>

#include "sim/calibration/fit_parameters.hpp"

namespace helixsim {

inline constexpr double kUncertainError = 0.1;    ///< standard error of a logarithm, above: flagged
inline constexpr double kTiedCorrelation = 0.98;  ///< of two parameters, above: flagged
inline constexpr double kProfileThreshold = 3.8415;  ///< chi-squared of one, 95 %

/// The cost with one parameter held at a value and the others fitted again.
struct ProfilePoint {
  double value = 0.0;
  double rise = 0.0;  ///< of the cost over its least, in variances of a row
};

/// What the measurements say of one parameter.
struct ParameterIdentity {
  double log_error = 0.0;  ///< standard error of its logarithm; 0 when pinned
  bool pinned = false;     ///< kept at its start by the fit
  bool at_bound = false;   ///< ended at an end of its range
  bool uncertain = false;  ///< pinned, or standard error above kUncertainError
  int tied_to = -1;        ///< the parameter of strongest correlation above kTiedCorrelation
  double tied = 0.0;       ///< that correlation
  std::vector<ProfilePoint> profile;  ///< by rising value
  double low = 0.0;  ///< 95 % interval: where the profile crosses kProfileThreshold
  double high = 0.0;
  bool low_open = false;  ///< the profile ends at the parameter's bound without crossing
  bool high_open = false;
};

/// What the measurements say of the parameters of a fit.
struct Identifiability {
  std::vector<ParameterIdentity> parameters;
  std::vector<std::size_t> free;    ///< parameters that are not pinned
  std::vector<double> correlation;  ///< of the free ones, row by row
  double condition = 1.0;           ///< of the Jacobian over their logarithms
};

/// Identifiability at a solution, which is the problem's `start`.
///
/// Model: with S the sum of robust squares and v = S / (rows - free parameters) (row_variance), the
/// covariance of the logarithms is v (J^T J)^-1, and the 95 % interval of a parameter holds the
/// values at which S, least over all others, is above its least by less than 3.84 v. Both agree
/// where S is a parabola. Deterministic; dozens of fits, so only for who asks. Source: Raue et al.
/// 2009 (profile likelihood), Bioinformatics 25(15).
Identifiability identifiability(const FitProblem& problem, const std::vector<bool>& pinned);

}  // namespace helixsim
