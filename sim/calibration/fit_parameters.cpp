#include "sim/calibration/fit_parameters.hpp"

#include <ceres/ceres.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

constexpr double kLossScale = 0.05;  // of a logarithm
constexpr double kStep = 1e-5;       // of a logarithm, for central differences
constexpr double kUnknown = 1.0;     // standard error of a logarithm above which nothing is known
constexpr double kNoEffect = 1e-9;   // root mean square derivative of a log time

/// Residuals of log time whose squares are the soft-L1 loss, over logarithms of the free
/// parameters; then how far each of those is from its prior, where there are priors.
class LogTimes final : public ceres::CostFunction {
 public:
  LogTimes(const FitProblem& problem, const std::vector<std::size_t>& free, double scale)
      : problem_(problem), free_(free), scale_(scale), parameters_(problem.start) {
    const std::size_t believed = problem.priors.empty() ? 0 : free.size();
    set_num_residuals(static_cast<int>(problem.measured.size() + believed));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(free.size()));
  }

  bool Evaluate(double const* const* logs, double* residuals, double** jacobians) const override {
    const auto rows = static_cast<std::size_t>(num_residuals());
    std::vector<double> x(logs[0], logs[0] + free_.size());
    residuals_at(x, residuals);
    if (jacobians == nullptr || jacobians[0] == nullptr) return true;
    std::vector<double> above(rows);
    std::vector<double> below(rows);
    for (std::size_t p = 0; p < free_.size(); ++p) {
      const double at = x[p];
      x[p] = at + kStep;
      residuals_at(x, above.data());
      x[p] = at - kStep;
      residuals_at(x, below.data());
      x[p] = at;
      for (std::size_t row = 0; row < rows; ++row) {
        jacobians[0][row * free_.size() + p] = (above[row] - below[row]) / (2.0 * kStep);
      }
    }
    return true;
  }

 private:
  void residuals_at(const std::vector<double>& logs, double* residuals) const {
    for (std::size_t p = 0; p < free_.size(); ++p) parameters_[free_[p]] = std::exp(logs[p]);
    const std::span<double> out(residuals, problem_.measured.size());
    problem_.predict(parameters_, out);
    for (std::size_t row = 0; row < out.size(); ++row) {
      const double error = std::log(out[row] / problem_.measured[row]) / scale_;
      const double loss = 2.0 * (std::sqrt(1.0 + error * error) - 1.0);
      out[row] = std::copysign(scale_ * std::sqrt(loss), error);
    }
    if (problem_.priors.empty()) return;
    for (std::size_t p = 0; p < free_.size(); ++p) {
      const LogPrior& prior = problem_.priors[free_[p]];
      residuals[out.size() + p] = scale_ * (logs[p] - prior.center) / prior.sd;
    }
  }

  const FitProblem& problem_;
  const std::vector<std::size_t>& free_;
  double scale_;
  mutable std::vector<double> parameters_;
};

struct Curvature {
  double cost = 0.0;
  Eigen::MatrixXd matrix;
};

Curvature curvature_at(const LogTimes& function, const std::vector<double>& logs) {
  const auto rows = static_cast<Eigen::Index>(function.num_residuals());
  const auto columns = static_cast<Eigen::Index>(logs.size());
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix jacobian(rows, columns);
  Eigen::VectorXd residuals(rows);
  const double* const parameters[] = {logs.data()};
  double* jacobians[] = {jacobian.data()};
  function.Evaluate(parameters, residuals.data(), jacobians);
  return {.cost = residuals.squaredNorm(), .matrix = jacobian.transpose() * jacobian};
}

/// Standard errors of the free logarithms, from the curvature at the solution. `least_variance` is
/// that of a measurement's logarithm, however well they are met.
std::vector<double> standard_errors(const LogTimes& function, const std::vector<double>& logs,
                                    double least_variance) {
  const auto rows = static_cast<Eigen::Index>(function.num_residuals());
  const auto columns = static_cast<Eigen::Index>(logs.size());
  const auto [cost, curvature] = curvature_at(function, logs);
  const double variance = std::max(
      row_variance(cost, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)),
      least_variance);
  std::vector<double> errors(logs.size(), HUGE_VAL);
  const Eigen::LDLT<Eigen::MatrixXd> factors(
      curvature + 1e-18 * curvature.trace() * Eigen::MatrixXd::Identity(columns, columns));
  const Eigen::MatrixXd inverse = factors.solve(Eigen::MatrixXd::Identity(columns, columns));
  for (Eigen::Index p = 0; p < columns; ++p) {
    const double effect = std::sqrt(curvature(p, p) / static_cast<double>(rows));
    if (effect < kNoEffect || !(inverse(p, p) > 0.0)) continue;
    errors[static_cast<std::size_t>(p)] = std::sqrt(variance * inverse(p, p));
  }
  return errors;
}

}  // namespace

FitSolution fit_parameters(const FitProblem& problem, const FitEffort& effort) {
  ensure(!problem.measured.empty(), "a fit needs measurements");
  const std::size_t count = problem.start.size();
  FitSolution solution{.parameters = problem.start,
                       .errors = std::vector<double>(count, 0.0),
                       .pinned = std::vector<bool>(count, false)};
  while (true) {
    std::vector<std::size_t> free;
    for (std::size_t p = 0; p < count; ++p) {
      if (!solution.pinned[p]) free.push_back(p);
    }
    if (free.empty()) return solution;
    FitProblem from = problem;
    from.start = solution.parameters;
    LogTimes function(from, free, kLossScale);
    std::vector<double> logs;
    for (const std::size_t p : free) logs.push_back(std::log(from.start[p]));

    ceres::Problem ceres_problem({.cost_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP});
    ceres_problem.AddResidualBlock(&function, nullptr, logs.data());
    for (std::size_t i = 0; i < free.size(); ++i) {
      ceres_problem.SetParameterLowerBound(logs.data(), static_cast<int>(i),
                                           std::log(problem.low[free[i]]));
      ceres_problem.SetParameterUpperBound(logs.data(), static_cast<int>(i),
                                           std::log(problem.high[free[i]]));
    }
    ceres::Solver::Options options;
    options.linear_solver_type = ceres::DENSE_NORMAL_CHOLESKY;
    options.max_num_iterations = effort.iterations;
    options.function_tolerance = 1e-6;
    options.num_threads = 1;
    options.logging_type = ceres::SILENT;
    ceres::Solver::Summary summary;
    ceres::Solve(options, &ceres_problem, &summary);

    std::vector<double> errors(free.size(), 0.0);
    if (effort.pin) {
      const double least = problem.priors.empty() ? 0.0 : kLossScale * kLossScale;
      errors = standard_errors(function, logs, least);
    }
    for (std::size_t i = 0; i < free.size() && !problem.priors.empty(); ++i) {
      errors[i] = std::min(errors[i], problem.priors[free[i]].sd);
    }
    solution.cost = 2.0 * summary.final_cost / static_cast<double>(problem.measured.size());
    std::size_t worst = 0;
    for (std::size_t i = 0; i < free.size(); ++i) {
      solution.parameters[free[i]] =
          std::clamp(std::exp(logs[i]), problem.low[free[i]], problem.high[free[i]]);
      solution.errors[free[i]] = errors[i];
      if (errors[i] > errors[worst]) worst = i;
    }
    if (!problem.priors.empty() || errors[worst] <= kUnknown) return solution;
    solution.pinned[free[worst]] = true;
    solution.errors[free[worst]] = 0.0;
    solution.parameters[free[worst]] = problem.start[free[worst]];
  }
}

double row_variance(double cost, std::size_t rows, std::size_t free) {
  return rows > free ? cost / static_cast<double>(rows - free) : kLossScale * kLossScale;
}

FitCurvature curvature_of(const FitProblem& problem, const std::vector<std::size_t>& free) {
  const LogTimes function(problem, free, kLossScale);
  std::vector<double> logs;
  for (const std::size_t p : free) logs.push_back(std::log(problem.start[p]));
  const auto [cost, matrix] = curvature_at(function, logs);
  return {.cost = cost, .matrix = {matrix.data(), matrix.data() + matrix.size()}};
}

}  // namespace helixsim
