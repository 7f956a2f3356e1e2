#include "sim/calibration/identifiability.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

constexpr double kEnough = 1.4 * kProfileThreshold;  // where a profile stops
constexpr double kStepInErrors = 0.5;
constexpr double kUnknownStep = 0.25;  // of a logarithm, of what has no standard error
constexpr double kLeastStep = 1e-4;
constexpr int kMostSteps = 16;  // to one side; doubled from the half on
constexpr FitEffort kRefit{.iterations = 15, .pin = false};

/// A problem with some parameters held where they are.
class HeldProblem {
 public:
  HeldProblem(const FitProblem& problem, std::vector<std::size_t> free)
      : all_(problem), free_(std::move(free)) {}

  /// Cost, a sum over the rows, with the free parameters fitted from `values` on, which becomes the
  /// solution.
  double least(std::vector<double>& values) const {
    FitProblem part;
    for (const std::size_t p : free_) {
      part.start.push_back(std::clamp(values[p], all_.low[p], all_.high[p]));
      part.low.push_back(all_.low[p]);
      part.high.push_back(all_.high[p]);
    }
    part.measured = all_.measured;
    part.predict = [&](std::span<const double> of_free, std::span<double> predicted) {
      std::vector<double> full = values;
      for (std::size_t i = 0; i < free_.size(); ++i) full[free_[i]] = of_free[i];
      all_.predict(full, predicted);
    };
    const FitSolution solution = fit_parameters(part, kRefit);
    for (std::size_t i = 0; i < free_.size(); ++i) values[free_[i]] = solution.parameters[i];
    FitProblem at = all_;
    at.start = values;
    return curvature_of(at, {}).cost;
  }

 private:
  const FitProblem& all_;
  std::vector<std::size_t> free_;
};

struct Covariance {
  Eigen::MatrixXd matrix;  ///< of logarithms, without the variance
  double condition = 1.0;
};

Covariance covariance_of(const FitCurvature& curvature, std::size_t count) {
  const auto size = static_cast<Eigen::Index>(count);
  if (size == 0) return {.matrix = {}, .condition = 1.0};
  const Eigen::Map<const Eigen::MatrixXd> bend(curvature.matrix.data(), size, size);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> modes(bend);
  const double largest = modes.eigenvalues().maxCoeff();
  // What rounding leaves of a mode that nothing tells still has a place in the covariance.
  const Eigen::VectorXd values = modes.eigenvalues().cwiseMax(1e-18 * largest);
  return {.matrix = modes.eigenvectors() * values.cwiseInverse().asDiagonal() *
                    modes.eigenvectors().transpose(),
          .condition = std::sqrt(largest / values.minCoeff())};
}

/// The profile of one parameter to one side of the solution, outwards.
std::vector<ProfilePoint> walk(const FitProblem& problem, const HeldProblem& others,
                               std::size_t parameter, double step, double least, double variance) {
  std::vector<ProfilePoint> points;
  std::vector<double> values = problem.start;
  double at = std::log(values[parameter]);
  const double end = std::log(step > 0.0 ? problem.high[parameter] : problem.low[parameter]);
  for (int i = 0; i < kMostSteps; ++i) {
    if (2 * i >= kMostSteps) step *= 2.0;
    const double next = at + step;
    const bool last = step > 0.0 ? next >= end : next <= end;
    if (std::abs(end - at) < 1e-12) break;
    at = last ? end : next;
    values[parameter] = std::exp(at);
    const double cost = others.least(values);
    points.push_back({.value = values[parameter], .rise = (cost - least) / variance});
    if (last || points.back().rise > kEnough) break;
  }
  return points;
}

/// Where the profile crosses the threshold between two points, of which the second is above. Its
/// root is nearly a line in the logarithm. The first is above, too, where another parameter's
/// refits ended lower than any of this one's: the interval is no more than that point.
double crossing(const ProfilePoint& inside, const ProfilePoint& outside) {
  if (inside.rise >= kProfileThreshold) return inside.value;
  const double a = std::sqrt(std::max(inside.rise, 0.0));
  const double b = std::sqrt(outside.rise);
  const double part = (std::sqrt(kProfileThreshold) - a) / (b - a);
  return std::exp(std::log(inside.value) + part * std::log(outside.value / inside.value));
}

/// Ends of the interval, from the lowest point outwards.
void set_interval(ParameterIdentity& identity) {
  const auto& points = identity.profile;
  const auto lowest = std::min_element(
      points.begin(), points.end(), [](const auto& a, const auto& b) { return a.rise < b.rise; });
  identity.low = points.front().value;
  identity.high = points.back().value;
  identity.low_open = identity.high_open = true;
  for (auto point = lowest; point != points.begin(); --point) {
    if (std::prev(point)->rise <= kProfileThreshold) continue;
    identity.low = crossing(*point, *std::prev(point));
    identity.low_open = false;
    break;
  }
  for (auto point = lowest; std::next(point) != points.end(); ++point) {
    if (std::next(point)->rise <= kProfileThreshold) continue;
    identity.high = crossing(*point, *std::next(point));
    identity.high_open = false;
    break;
  }
}

/// The strongest correlation of each free parameter.
void set_ties(Identifiability& all) {
  const std::size_t count = all.free.size();
  for (std::size_t i = 0; i < count; ++i) {
    ParameterIdentity& one = all.parameters[all.free[i]];
    for (std::size_t j = 0; j < count; ++j) {
      const double correlation = all.correlation[i * count + j];
      if (i == j || std::abs(correlation) <= std::max(kTiedCorrelation, std::abs(one.tied))) {
        continue;
      }
      one.tied = correlation;
      one.tied_to = static_cast<int>(all.free[j]);
    }
  }
}

void set_profiles(const FitProblem& problem, double cost, double variance, Identifiability& all) {
  double lowest = 0.0;  // refits may end below the solution
  for (std::size_t p = 0; p < all.parameters.size(); ++p) {
    ParameterIdentity& one = all.parameters[p];
    std::vector<std::size_t> free;
    for (const std::size_t other : all.free) {
      if (other != p) free.push_back(other);
    }
    const HeldProblem others(problem, free);
    const double step = one.log_error > 0.0
                            ? std::clamp(kStepInErrors * one.log_error, kLeastStep, kUnknownStep)
                            : kUnknownStep;
    one.profile = walk(problem, others, p, -step, cost, variance);
    std::reverse(one.profile.begin(), one.profile.end());
    one.profile.push_back({.value = problem.start[p], .rise = 0.0});
    for (const ProfilePoint& point : walk(problem, others, p, step, cost, variance)) {
      one.profile.push_back(point);
    }
    for (const ProfilePoint& point : one.profile) lowest = std::min(lowest, point.rise);
  }
  for (ParameterIdentity& one : all.parameters) {
    for (ProfilePoint& point : one.profile) point.rise -= lowest;
    set_interval(one);
  }
}

}  // namespace

Identifiability identifiability(const FitProblem& problem, const std::vector<bool>& pinned) {
  ensure(pinned.size() == problem.start.size(), "a flag for each parameter");
  Identifiability all;
  all.parameters.resize(pinned.size());
  for (std::size_t p = 0; p < pinned.size(); ++p) {
    ParameterIdentity& one = all.parameters[p];
    one.pinned = one.uncertain = pinned[p];
    const double near = 1e-6 * problem.start[p];
    one.at_bound =
        problem.start[p] - problem.low[p] < near || problem.high[p] - problem.start[p] < near;
    if (!pinned[p]) all.free.push_back(p);
  }
  const std::size_t count = all.free.size();
  const FitCurvature curvature = curvature_of(problem, all.free);
  // Of synthetic rows without noise nothing is left; rounding is.
  const double variance =
      std::max(row_variance(curvature.cost, problem.measured.size(), count), 1e-18);
  const Covariance covariance = covariance_of(curvature, count);
  all.condition = covariance.condition;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    ParameterIdentity& one = all.parameters[all.free[i]];
    one.log_error = std::sqrt(variance * covariance.matrix(row, row));
    one.uncertain = !(one.log_error <= kUncertainError);
    for (std::size_t j = 0; j < count; ++j) {
      const auto column = static_cast<Eigen::Index>(j);
      all.correlation.push_back(
          covariance.matrix(row, column) /
          std::sqrt(covariance.matrix(row, row) * covariance.matrix(column, column)));
    }
  }
  set_ties(all);
  set_profiles(problem, curvature.cost, variance, all);
  return all;
}

}  // namespace helixsim
