#include <catch2/catch.hpp>
#include <cmath>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/fit_law.hpp"
#include "sim/calibration/fit_system.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

constexpr LawGpu kGpu{.multiprocessors = 148, .l2_bytes = 126e6};

GemmLaw known_law() {
  GemmLaw law;
  law.gpu = kGpu;
  law.weight_bytes = 0.5625;
  law.peak = 10e15;
  law.fixed = 6e-6;
  law.per_k = 1.7e-9;
  law.bandwidth = 6.6e12;
  law.tile_columns = 256;
  return law;
}

std::vector<MeasuredShape<GemmLaw>> made_by(const GemmLaw& law, double noise) {
  std::vector<MeasuredShape<GemmLaw>> rows;
  for (const double m : {1., 4., 16., 64., 256., 1024.}) {
    for (const double n : {128., 512., 2048., 7168., 16384., 65536.}) {
      for (const double k : {128., 512., 2048., 7168., 16384., 65536.}) {
        const double off = noise * (drawn(3, rows.size(), 0) - 0.5);
        rows.push_back({{m, n, k}, law.seconds({m, n, k}, false) * std::exp(off)});
      }
    }
  }
  return rows;
}

LawPlan<GemmLaw> plan() {
  GemmLaw start;
  start.gpu = kGpu;
  start.weight_bytes = 0.5625;
  start.peak = 10e15;
  return {.start = start,
          .choices = {{&GemmLaw::tile_columns, {128, 64, 256}}, {&GemmLaw::max_splits, {1, 4}}}};
}

}  // namespace

TEST_CASE("a fit finds the law that made the measurements", "[calibration][fit]") {
  const GemmLaw known = known_law();
  const auto rows = made_by(known, 0.02);
  const GemmLaw choices = search_choices<GemmLaw>(plan(), rows);
  CHECK(choices.tile_columns == 256);
  CHECK(choices.max_splits == 1);
  const LawSolution<GemmLaw> solution = fit_law<GemmLaw>(choices, {}, rows);
  CHECK(solution.law.fixed == Approx(known.fixed).epsilon(0.02));
  CHECK(solution.law.per_k == Approx(known.per_k).epsilon(0.02));
  CHECK(solution.law.bandwidth == Approx(known.bandwidth).epsilon(0.05));
  CHECK(solution.cost < 1e-3);
}

TEST_CASE("a parameter that the measurements do not tell stays where it was",
          "[calibration][fit]") {
  const auto rows = made_by(known_law(), 0.0);
  LawPlan<GemmLaw> without_splits = plan();
  const LawSolution<GemmLaw> solution = fit_law<GemmLaw>(without_splits.start, {}, rows);
  const auto parameters = GemmLaw::parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].name != "split") continue;  // no split-K: nothing tells its time
    CHECK(solution.fits[p].pinned);
    CHECK(solution.law.split == without_splits.start.split);
  }
}

TEST_CASE("a ceiling of the data sheet bounds a parameter", "[calibration][fit]") {
  GemmLaw start = plan().start;
  start.tile_columns = 256;
  const Ceiling<GemmLaw> ceiling{&GemmLaw::bandwidth, 5e12};
  const auto rows = made_by(known_law(), 0.0);
  CHECK(fit_law<GemmLaw>(start, std::span(&ceiling, 1), rows).law.bandwidth <= 5e12 * (1 + 1e-12));
}

TEST_CASE("outliers move a fit little", "[calibration][fit]") {
  auto rows = made_by(known_law(), 0.0);
  for (std::size_t row = 0; row < rows.size(); row += 25) rows[row].seconds *= 5.0;
  GemmLaw start = plan().start;
  start.tile_columns = 256;
  const LawSolution<GemmLaw> solution = fit_law<GemmLaw>(start, {}, rows);
  CHECK(solution.law.fixed == Approx(known_law().fixed).epsilon(0.05));
}

TEST_CASE("residuals take what the law leaves over, and fade beyond the data",
          "[calibration][fit][residuals]") {
  MeasuredFamily<GemmLaw> family{.label = {}, .source = {}, .plan = plan(), .rows = {}};
  family.rows = made_by(known_law(), 0.0);
  for (auto& row : family.rows) {
    if (row.shape.k == 7168) row.seconds *= 1.3;  // a kernel of its own
  }
  family.plan.grids = {{{.coordinate = 0}, {.coordinate = 1}, {.coordinate = 2}}};
  const FittedLaw<GemmLaw> fitted = fit_family(family);
  const GemmShape other_kernel{16, 2048, 7168};
  CHECK(fitted.seconds(other_kernel, false) ==
        Approx(1.3 * known_law().seconds(other_kernel, false)).epsilon(0.1));
  const GemmShape far{16, 2048.0 * (1 << 30), 7168};
  CHECK(std::abs(fitted.log_factor(far)) < 1e-4);
}

namespace {

/// A table over two axes of nine nodes, 0 to 8.
SmoothGrids square_grid() {
  std::vector<double> nodes;
  for (int node = 0; node < 9; ++node) nodes.push_back(node);
  return {
      {{.axis = {.coordinate = 0, .nodes = nodes}}, {.axis = {.coordinate = 1, .nodes = nodes}}}};
}

}  // namespace

TEST_CASE("cross-validation smooths the axis that tells nothing and roughens the one that does",
          "[calibration][fit][residuals]") {
  std::vector<ResidualSample> samples;
  for (int a = 0; a < 9; ++a) {
    for (int b = 0; b < 9; ++b) {
      const double noise = 0.02 * (drawn(21, static_cast<std::uint64_t>(a), 100U + b) - 0.5);
      samples.push_back({.coordinates = {1.0 * a, 1.0 * b}, .log_ratio = (a % 2) * 0.2 + noise});
    }
  }
  const SmoothGrids best = with_best_smoothness(square_grid(), samples);
  CHECK(best[0][0].smoothness < 0.1);
  CHECK(best[0][1].smoothness > 0.1);
}

TEST_CASE("a sample far off moves a table of residuals little", "[calibration][fit][residuals]") {
  std::vector<ResidualSample> samples;
  for (int sample = 0; sample < 9; ++sample) {
    samples.push_back({.coordinates = {4.0, 4.0}, .log_ratio = sample == 0 ? 0.9 : 0.1});
  }
  const std::vector<double> at = {4.0, 4.0};
  CHECK(fit_residuals(square_grid(), samples)[0].log_factor(at) == Approx(0.1).margin(0.02));
}

TEST_CASE("a system's fit is the same for any number of threads", "[calibration][fit]") {
  const System system = gb200();
  MeasuredRows rows;
  for (const char* name : {"a", "b", "c"}) {
    auto& family = of_law<GemmLaw, MeasuredFamily>(rows.families)[name];
    family.plan = plan();
    family.plan.grids = {{{.coordinate = 0}, {.coordinate = 1}}};
    family.rows = made_by(known_law(), name[0] == 'a' ? 0.1 : 0.2);
  }
  int done = 0;
  const std::string one = to_json(fit_system(rows, system, 1, [&](const std::string&) { ++done; }));
  CHECK(done == 3);
  CHECK(to_json(fit_system(rows, system, 3, {})) == one);
}

TEST_CASE("quantiles and errors of known numbers", "[calibration]") {
  std::vector<double> values = {5, 1, 4, 2, 3};
  CHECK(quantile(values, 0.5) == 3.0);
  CHECK(quantile(values, 0.9) == 5.0);
  std::vector<double> none;
  CHECK(quantile(none, 0.5) == 0.0);
  const LawError error = law_error({std::log(1.25), std::log(1.25), std::log(1.25)});
  CHECK(error.median_percent == Approx(20.0));  // predicted 1 of 1.25
  CHECK(error.log_bias == Approx(std::log(1.25)));
  CHECK(error.log_sd == Approx(0.0).margin(1e-12));
  CHECK(apart({0.0, 0.1, 0.5, 1.0, 1.05}, 0.4) == std::vector<double>{0.0, 0.5, 1.05});
}
