#include "sim/calibration/identifiability.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/units/draw.hpp"

using namespace helixsim;

namespace {

using Model = double (*)(std::span<const double> parameters, double x);

/// Rows of a model at x, off by a normal-like noise of that standard deviation, at the parameters
/// that made them.
FitProblem rows_of(Model model, std::vector<double> truth, const std::vector<double>& xs,
                   double noise, std::uint64_t seed) {
  FitProblem problem{
      .start = std::move(truth), .low = {}, .high = {}, .measured = {}, .predict = {}};
  for (const double value : problem.start) {
    problem.low.push_back(value / 100.0);
    problem.high.push_back(value * 100.0);
  }
  for (std::size_t row = 0; row < xs.size(); ++row) {
    double sum = 0.0;
    for (std::uint64_t term = 0; term < 12; ++term) sum += drawn(seed, row, term) - 0.5;
    problem.measured.push_back(model(problem.start, xs[row]) * std::exp(noise * sum));
  }
  problem.predict = [model, xs](std::span<const double> parameters, std::span<double> out) {
    for (std::size_t row = 0; row < xs.size(); ++row) out[row] = model(parameters, xs[row]);
  };
  return problem;
}

Identifiability identified(FitProblem problem) {
  const FitSolution solution = fit_parameters(problem);
  problem.start = solution.parameters;
  return identifiability(problem, solution.pinned);
}

std::vector<double> spread_over(double low, double high, int count) {
  std::vector<double> xs;
  for (int i = 0; i < count; ++i) xs.push_back(low * std::pow(high / low, 1.0 * i / (count - 1)));
  return xs;
}

double line(std::span<const double> p, double x) {
  return p[0] + x / p[1];
}
double product(std::span<const double> p, double x) {
  return p[0] * p[1] + x * p[2];
}

}  // namespace

TEST_CASE("a profile of a well-told parameter agrees with its standard error",
          "[calibration][identifiability]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 8)));
  CAPTURE(seed);
  const FitProblem problem = rows_of(line, {5.0, 2.0}, spread_over(0.1, 1000.0, 80), 0.02, seed);
  const FitSolution solution = fit_parameters(problem);
  const Identifiability all = identified(problem);
  for (std::size_t p = 0; p < 2; ++p) {
    CAPTURE(p);
    const ParameterIdentity& one = all.parameters[p];
    CHECK(one.log_error == Approx(solution.errors[p]).epsilon(1e-6));
    CHECK_FALSE(one.uncertain);
    CHECK_FALSE(one.pinned);
    CHECK(one.tied_to == -1);
    REQUIRE_FALSE(one.low_open);
    REQUIRE_FALSE(one.high_open);
    // 1.96 standard errors to each side; the profile is a parabola but for the loss's soft corner.
    CHECK(std::log(one.high / solution.parameters[p]) ==
          Approx(1.96 * one.log_error).epsilon(0.15));
    CHECK(std::log(solution.parameters[p] / one.low) == Approx(1.96 * one.log_error).epsilon(0.15));
    // The value that made the rows is in an interval of three times the width.
    CHECK(std::abs(std::log(problem.start[p] / solution.parameters[p])) < 6.0 * one.log_error);
  }
}

TEST_CASE("a pair that only counts as a product is flagged, pinned or tied",
          "[calibration][identifiability]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 8)));
  CAPTURE(seed);
  const Identifiability all =
      identified(rows_of(product, {3.0, 2.0, 0.5}, spread_over(0.1, 1000.0, 60), 0.02, seed));
  const ParameterIdentity& a = all.parameters[0];
  const ParameterIdentity& b = all.parameters[1];
  if (a.pinned || b.pinned) {
    CHECK(a.pinned != b.pinned);
    const ParameterIdentity& pinned = a.pinned ? a : b;
    CHECK(pinned.uncertain);
    CHECK(pinned.high / pinned.low > 10.0);  // until the other one is at its bound
  } else {  // rounding may hide an exact tie from the fit's standard errors, but not from these
    CHECK(a.uncertain);
    CHECK(b.uncertain);
    CHECK(a.tied_to == 1);
    CHECK(b.tied_to == 0);
    CHECK(all.condition > 1e4);
  }
  CHECK_FALSE(all.parameters[2].uncertain);
}

TEST_CASE("parameters that narrow measurements cannot tell apart are flagged as tied",
          "[calibration][identifiability]") {
  const Identifiability narrow =
      identified(rows_of(line, {5.0, 2.0}, spread_over(9.0, 12.0, 400), 0.004, 3));
  REQUIRE_FALSE(narrow.parameters[0].pinned);
  REQUIRE_FALSE(narrow.parameters[1].pinned);
  CHECK(narrow.parameters[0].tied_to == 1);
  CHECK(narrow.parameters[1].tied_to == 0);
  CHECK(std::abs(narrow.parameters[0].tied) > kTiedCorrelation);
  const Identifiability wide =
      identified(rows_of(line, {5.0, 2.0}, spread_over(0.1, 1000.0, 400), 0.004, 3));
  CHECK(wide.parameters[0].tied_to == -1);
  CHECK(narrow.condition > 5.0 * wide.condition);
}

TEST_CASE("a parameter that few and noisy rows tell is flagged as uncertain",
          "[calibration][identifiability]") {
  const Identifiability all =
      identified(rows_of(line, {5.0, 2.0}, spread_over(0.1, 20.0, 8), 0.3, 1));
  CHECK(all.parameters[0].uncertain);
}

TEST_CASE("rows that do not outnumber the parameters say little of them, however well they are met",
          "[calibration][identifiability]") {
  const FitProblem problem = rows_of(line, {5.0, 2.0}, {1.0, 100.0}, 0.0, 1);
  const FitSolution solution = fit_parameters(problem);
  REQUIRE(solution.cost < 1e-12);
  // A row scatters by 5 % as far as is known.
  CHECK(solution.errors[0] > 0.04);
  CHECK(solution.errors[1] > 0.04);
  CHECK(identified(problem).parameters[1].log_error == Approx(solution.errors[1]));
  const FitSolution one = fit_parameters(rows_of(line, {5.0, 2.0}, {1.0}, 0.0, 1));
  CHECK((one.pinned[0] || one.pinned[1]));
}

TEST_CASE("an interval is one also where another parameter's profile finds a deeper valley",
          "[calibration][identifiability]") {
  // Logarithms x and z: valleys at x = 1, where the solution is said to be, and x = -1, deeper;
  // from one to the other only by way of z, of which x knows nothing.
  FitProblem problem{.start = {std::exp(1.0), 1.0},
                     .low = {std::exp(-3.0), std::exp(-3.0)},
                     .high = {std::exp(3.0), std::exp(3.0)},
                     .measured = std::vector<double>(60, 1.0),
                     .predict = {}};
  problem.predict = [](std::span<const double> parameters, std::span<double> out) {
    const double x = std::log(parameters[0]);
    const double z = std::log(parameters[1]);
    std::fill(out.begin(), out.end(), 1.0);
    out[0] = std::exp(3.0 * (x * x - 1.0 - z));
    out[1] = std::exp(0.2 * (x + 1.0));
    out[2] = std::exp(0.02 * z);
  };
  const Identifiability all = identifiability(problem, {false, false});
  for (const ParameterIdentity& one : all.parameters) {
    CHECK(std::isfinite(one.low));
    CHECK(one.low <= one.high);
    CHECK(one.low >= one.profile.front().value);
    CHECK(one.high <= one.profile.back().value);
  }
}

TEST_CASE("correlations are those of a symmetric matrix with ones on its diagonal",
          "[calibration][identifiability]") {
  const Identifiability all =
      identified(rows_of(line, {5.0, 2.0}, spread_over(0.1, 1000.0, 80), 0.02, 2));
  REQUIRE(all.free.size() == 2);
  CHECK(all.correlation[0] == Approx(1.0));
  CHECK(all.correlation[3] == Approx(1.0));
  CHECK(all.correlation[1] == Approx(all.correlation[2]));
  // More fixed time is less time a byte: a higher rate.
  CHECK(all.correlation[1] > 0.0);
  CHECK(all.correlation[1] < 1.0);
  for (const ParameterIdentity& one : all.parameters) {
    for (std::size_t i = 1; i < one.profile.size(); ++i) {
      CHECK(one.profile[i - 1].value < one.profile[i].value);
    }
  }
}

TEST_CASE("identifiability is the same each time", "[calibration][identifiability]") {
  const FitProblem problem =
      rows_of(product, {3.0, 2.0, 0.5}, spread_over(1.0, 100.0, 30), 0.05, 4);
  const Identifiability a = identified(problem);
  const Identifiability b = identified(problem);
  CHECK(a.correlation == b.correlation);
  for (std::size_t p = 0; p < a.parameters.size(); ++p) {
    CHECK(a.parameters[p].low == b.parameters[p].low);
    CHECK(a.parameters[p].high == b.parameters[p].high);
    REQUIRE(a.parameters[p].profile.size() == b.parameters[p].profile.size());
    for (std::size_t i = 0; i < a.parameters[p].profile.size(); ++i) {
      CHECK(a.parameters[p].profile[i].rise == b.parameters[p].profile[i].rise);
    }
  }
}
