#include "sim/calibration/fit_residuals.hpp"

#include <Eigen/Sparse>
#include <algorithm>
#include <cmath>

#include "sim/units/draw.hpp"

namespace helixsim {
namespace {

/// Samples beyond this say that another kernel ran; they count no more than that.
constexpr double kMostLogRatio = 1.0;
constexpr double kLossScale = 0.05;  // of a logarithm, as in the fit of parameters
constexpr int kReweightings = 5;
constexpr double kLeastSmoothness = 0.001;
constexpr double kMostSmoothness = 10.0;
constexpr double kBetter = 0.998;  // of a loss: less is chance

using Matrix = Eigen::SparseMatrix<double, Eigen::RowMajor>;

/// Samples over the nodes of all tables, one after the other.
class ResidualProblem {
 public:
  ResidualProblem(const SmoothGrids& grids, std::span<const ResidualSample> samples)
      : right_(static_cast<Eigen::Index>(samples.size())) {
    for (const std::vector<SmoothAxis>& grid : grids) {
      std::vector<ResidualAxis> axes;
      for (const SmoothAxis& axis : grid) axes.push_back(axis.axis);
      tables_.emplace_back(std::move(axes), std::vector<double>());
      firsts_.push_back(unknowns_);
      unknowns_ += static_cast<Eigen::Index>(tables_.back().values().size());
    }
    std::vector<Eigen::Triplet<double>> entries;
    std::vector<ResidualPart> parts;
    for (std::size_t row = 0; row < samples.size(); ++row) {
      const auto at = static_cast<Eigen::Index>(row);
      right_[at] = std::clamp(samples[row].log_ratio, -kMostLogRatio, kMostLogRatio);
      for (std::size_t t = 0; t < tables_.size(); ++t) {
        tables_[t].parts_at(samples[row].coordinates, parts);
        for (const ResidualPart& part : parts) {
          entries.emplace_back(at, firsts_[t] + static_cast<Eigen::Index>(part.node), part.weight);
        }
      }
    }
    parts_.resize(right_.size(), unknowns_);
    parts_.setFromTriplets(entries.begin(), entries.end());
  }

  [[nodiscard]] const std::vector<ResidualTable>& tables() const { return tables_; }
  [[nodiscard]] Eigen::Index first(std::size_t table) const { return firsts_[table]; }

  /// What holds neighbours alike and lets values fade.
  [[nodiscard]] Matrix penalties(const SmoothGrids& grids, double fading) const {
    std::vector<Eigen::Triplet<double>> entries;
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      const ResidualTable& table = tables_[t];
      for (std::size_t node = 0; node < table.values().size(); ++node) {
        const Eigen::Index at = firsts_[t] + static_cast<Eigen::Index>(node);
        entries.emplace_back(at, at, fading);
        for (std::size_t axis = 0; axis < table.axes().size(); ++axis) {
          const std::size_t stride = table.stride(axis);
          const std::size_t place = node / stride % table.axes()[axis].nodes.size();
          if (place + 1 == table.axes()[axis].nodes.size()) continue;
          const Eigen::Index next = at + static_cast<Eigen::Index>(stride);
          const double weight = grids[t][axis].smoothness;
          entries.emplace_back(at, at, weight);
          entries.emplace_back(next, next, weight);
          entries.emplace_back(at, next, -weight);
          entries.emplace_back(next, at, -weight);
        }
      }
    }
    Matrix matrix(unknowns_, unknowns_);
    matrix.setFromTriplets(entries.begin(), entries.end());
    return matrix;
  }

  /// Values of all nodes from the samples that count: those with a share above 0. `from` is where
  /// the search starts.
  [[nodiscard]] Eigen::VectorXd solution(const Matrix& penalties, const Eigen::VectorXd& shares,
                                         Eigen::VectorXd from, int reweightings) const {
    Eigen::VectorXd weights = shares;
    for (int round = 0; round <= reweightings; ++round) {
      solve(penalties, weights, from);
      const Eigen::ArrayXd off = (parts_ * from - right_).array() / kLossScale;
      weights = shares.array() / (1.0 + off.square()).sqrt();
    }
    return from;
  }

  /// Mean soft-L1 loss of the samples, in squares of its scale.
  [[nodiscard]] double loss(const Eigen::VectorXd& values, const Eigen::VectorXd& shares) const {
    const Eigen::ArrayXd off = (parts_ * values - right_).array() / kLossScale;
    return (shares.array() * 2.0 * ((1.0 + off.square()).sqrt() - 1.0)).sum() / shares.sum();
  }

  [[nodiscard]] Eigen::Index unknowns() const { return unknowns_; }
  [[nodiscard]] Eigen::Index samples() const { return right_.size(); }

 private:
  /// Conjugate gradients on the normal equations, which are never formed.
  void solve(const Matrix& penalties, const Eigen::VectorXd& weights, Eigen::VectorXd& x) const {
    constexpr double kTolerance = 1e-5;
    constexpr int kMostSteps = 1000;
    const auto times = [&](const Eigen::VectorXd& v) -> Eigen::VectorXd {
      const Eigen::VectorXd seen = weights.cwiseProduct(parts_ * v);
      return parts_.transpose() * seen + penalties * v;
    };
    const Eigen::VectorXd right = parts_.transpose() * weights.cwiseProduct(right_);
    const Eigen::VectorXd diagonal =
        parts_.cwiseProduct(parts_).transpose() * weights + penalties.diagonal();
    Eigen::VectorXd left = right - times(x);
    Eigen::VectorXd scaled = left.cwiseQuotient(diagonal);
    Eigen::VectorXd direction = scaled;
    double size = left.dot(scaled);
    const double enough = kTolerance * kTolerance * right.squaredNorm();
    for (int step = 0; step < kMostSteps && left.squaredNorm() > enough; ++step) {
      const Eigen::VectorXd image = times(direction);
      const double length = size / direction.dot(image);
      x += length * direction;
      left -= length * image;
      scaled = left.cwiseQuotient(diagonal);
      const double next = left.dot(scaled);
      direction = scaled + next / size * direction;
      size = next;
    }
  }

  std::vector<ResidualTable> tables_;
  std::vector<Eigen::Index> firsts_;
  Eigen::Index unknowns_ = 0;
  Matrix parts_;
  Eigen::VectorXd right_;
};

/// How well parts of the samples are predicted from the rest.
class CrossValidation {
 public:
  explicit CrossValidation(const ResidualProblem& problem) : problem_(problem) {
    for (int fold = 0; fold < kFolds; ++fold) {
      Eigen::VectorXd& out = held_.emplace_back(problem.samples());
      for (Eigen::Index row = 0; row < out.size(); ++row) {
        const auto drawn_fold =
            static_cast<int>(drawn(9, static_cast<std::uint64_t>(row), 0) * kFolds);
        out[row] = drawn_fold == fold ? 1.0 : 0.0;
      }
      values_.emplace_back(Eigen::VectorXd::Zero(problem.unknowns()));
    }
  }

  [[nodiscard]] double loss(const SmoothGrids& grids, double fading) {
    const Matrix penalties = problem_.penalties(grids, fading);
    double sum = 0.0;
    for (std::size_t fold = 0; fold < held_.size(); ++fold) {
      if (held_[fold].sum() == 0.0) continue;
      const Eigen::VectorXd kept = 1.0 - held_[fold].array();
      values_[fold] = problem_.solution(penalties, kept, values_[fold], 2);
      sum += problem_.loss(values_[fold], held_[fold]);
    }
    return sum;
  }

 private:
  static constexpr int kFolds = 4;

  const ResidualProblem& problem_;
  std::vector<Eigen::VectorXd> held_;
  std::vector<Eigen::VectorXd> values_;  // of the last call, where the next one starts
};

}  // namespace

std::vector<ResidualTable> fit_residuals(const SmoothGrids& grids,
                                         std::span<const ResidualSample> samples, double fading) {
  const ResidualProblem problem(grids, samples);
  const Eigen::VectorXd all = Eigen::VectorXd::Ones(problem.samples());
  const Eigen::VectorXd solution =
      problem.solution(problem.penalties(grids, fading), all,
                       Eigen::VectorXd::Zero(problem.unknowns()), kReweightings);
  std::vector<ResidualTable> tables;
  for (std::size_t t = 0; t < grids.size(); ++t) {
    std::vector<double> values(problem.tables()[t].values().size());
    for (std::size_t node = 0; node < values.size(); ++node) {
      const double value = solution[problem.first(t) + static_cast<Eigen::Index>(node)];
      values[node] = std::round(value * 1000.0) / 1000.0;
    }
    tables.emplace_back(problem.tables()[t].axes(), std::move(values));
  }
  return tables;
}

SmoothGrids with_best_smoothness(SmoothGrids grids, std::span<const ResidualSample> samples,
                                 double fading) {
  constexpr double kStep = 3.1622776601683795;  // half a decade
  const ResidualProblem problem(grids, samples);
  CrossValidation judge(problem);
  double best = judge.loss(grids, fading);
  const auto improve = [&](double& smoothness, double step) {
    bool moved = false;
    while (true) {
      const double last = smoothness;
      smoothness = std::clamp(last * step, kLeastSmoothness, kMostSmoothness);
      const double loss = smoothness == last ? best : judge.loss(grids, fading);
      if (!(loss < best * kBetter)) {
        smoothness = last;
        return moved;
      }
      best = loss;
      moved = true;
    }
  };
  for (int round = 0; round < 2; ++round) {
    bool changed = false;
    for (std::vector<SmoothAxis>& grid : grids) {
      for (SmoothAxis& axis : grid) {
        if (axis.axis.nodes.size() < 2) continue;
        if (improve(axis.smoothness, 1.0 / kStep) || improve(axis.smoothness, kStep)) {
          changed = true;
        }
      }
    }
    if (!changed) break;
  }
  return grids;
}

}  // namespace helixsim
