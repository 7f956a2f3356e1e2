#include "sim/calibration/fit_residuals.hpp"

#include <Eigen/Sparse>
#include <algorithm>
#include <cmath>

namespace helixsim {
namespace {

/// Samples beyond this say that another kernel ran; they count no more than that.
constexpr double kMostLogRatio = 1.0;

class NormalEquations {
 public:
  explicit NormalEquations(std::size_t unknowns)
      : right_(Eigen::VectorXd::Zero(static_cast<Eigen::Index>(unknowns))) {}

  void add_sample(const std::vector<ResidualPart>& parts, double value) {
    for (const ResidualPart& a : parts) {
      right_[static_cast<Eigen::Index>(a.node)] += a.weight * value;
      for (const ResidualPart& b : parts) add(a.node, b.node, a.weight * b.weight);
    }
  }
  void add_small(std::size_t node, double weight) { add(node, node, weight); }
  void add_alike(std::size_t a, std::size_t b, double weight) {
    add(a, a, weight);
    add(b, b, weight);
    add(a, b, -weight);
    add(b, a, -weight);
  }

  [[nodiscard]] Eigen::VectorXd solution() const {
    Eigen::SparseMatrix<double> matrix(right_.size(), right_.size());
    matrix.setFromTriplets(entries_.begin(), entries_.end());
    Eigen::ConjugateGradient<Eigen::SparseMatrix<double>, Eigen::Lower | Eigen::Upper> solver;
    solver.setTolerance(1e-6);
    solver.compute(matrix);
    return solver.solve(right_);
  }

 private:
  void add(std::size_t row, std::size_t column, double value) {
    entries_.emplace_back(static_cast<int>(row), static_cast<int>(column), value);
  }

  std::vector<Eigen::Triplet<double>> entries_;
  Eigen::VectorXd right_;
};

void add_penalties(const ResidualTable& grid, const std::vector<SmoothAxis>& axes,
                   std::size_t first, double fading, NormalEquations& equations) {
  for (std::size_t node = 0; node < grid.values().size(); ++node) {
    equations.add_small(first + node, fading);
    for (std::size_t axis = 0; axis < grid.axes().size(); ++axis) {
      const std::size_t stride = grid.stride(axis);
      const std::size_t place = node / stride % grid.axes()[axis].nodes.size();
      if (place + 1 == grid.axes()[axis].nodes.size()) continue;
      equations.add_alike(first + node, first + node + stride, axes[axis].smoothness);
    }
  }
}

}  // namespace

std::vector<ResidualTable> fit_residuals(const std::vector<std::vector<SmoothAxis>>& grids,
                                         std::span<const ResidualSample> samples, double fading) {
  std::vector<ResidualTable> tables;
  std::vector<std::size_t> firsts;
  std::size_t unknowns = 0;
  for (const std::vector<SmoothAxis>& grid : grids) {
    std::vector<ResidualAxis> axes;
    for (const SmoothAxis& axis : grid) axes.push_back(axis.axis);
    tables.emplace_back(std::move(axes), std::vector<double>());
    firsts.push_back(unknowns);
    unknowns += tables.back().values().size();
  }
  NormalEquations equations(unknowns);
  std::vector<ResidualPart> all;
  std::vector<ResidualPart> parts;
  for (const ResidualSample& sample : samples) {
    all.clear();
    for (std::size_t t = 0; t < tables.size(); ++t) {
      tables[t].parts_at(sample.coordinates, parts);
      for (const ResidualPart& part : parts) all.push_back({firsts[t] + part.node, part.weight});
    }
    equations.add_sample(all, std::clamp(sample.log_ratio, -kMostLogRatio, kMostLogRatio));
  }
  for (std::size_t t = 0; t < tables.size(); ++t) {
    add_penalties(tables[t], grids[t], firsts[t], fading, equations);
  }
  const Eigen::VectorXd solution = equations.solution();
  for (std::size_t t = 0; t < tables.size(); ++t) {
    std::vector<double> values(tables[t].values().size());
    for (std::size_t node = 0; node < values.size(); ++node) {
      const double value = solution[static_cast<Eigen::Index>(firsts[t] + node)];
      values[node] = std::round(value * 1000.0) / 1000.0;
    }
    tables[t] = ResidualTable(tables[t].axes(), std::move(values));
  }
  return tables;
}

}  // namespace helixsim
