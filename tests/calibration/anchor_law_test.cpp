#include "sim/calibration/anchor_law.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/calibration/anchor_laws.hpp"

using namespace helixsim;

namespace {

constexpr LawGpu kGpu{.multiprocessors = 148, .l2_bytes = 126e6};

GemmLaw true_law() {
  GemmLaw law;
  law.gpu = kGpu;
  law.weight_bytes = 0.5625;
  law.peak = 10e15;
  law.fixed = 6e-6;
  law.per_k = 1.7e-9;
  law.bandwidth = 6.6e12;
  return law;
}

LawPlan<GemmLaw> warm_plan() {
  return {.start = true_law()};
}

/// The true law as it came from a GPU whose start-up is twice as long and whose kernels reach less
/// of the bandwidth, with residuals of its own.
FittedLaw<GemmLaw> moved_law() {
  FittedLaw<GemmLaw> moved{.family = "gemm/nvfp4", .law = true_law()};
  moved.law.fixed = 12e-6;
  moved.law.bandwidth = 5e12;
  moved.residuals = {ResidualTable({{.coordinate = 0, .nodes = {0.0, 16.0}}}, {0.1, 0.1})};
  for (const auto& parameter : GemmLaw::parameters())
    moved.fits.push_back({.log_error = transfer_prior(parameter.on_other_gpu)});
  moved.error = {.median_percent = 1.0, .p90_percent = 3.0, .log_bias = 0.0, .log_sd = 0.01};
  moved.low.assign(GemmLaw::coordinates().size(), 0.0);
  moved.high.assign(GemmLaw::coordinates().size(), 30.0);
  moved.source = "a table";
  moved.transferred_from = "some_gpu";
  return moved;
}

std::vector<MeasuredShape<GemmLaw>> measured(std::size_t most) {
  std::vector<MeasuredShape<GemmLaw>> rows;
  for (const double m : {1., 16., 256.}) {
    for (const double n : {512., 7168., 65536.}) {
      for (const double k : {512., 7168., 65536.}) {
        const double noise = 0.02 * (drawn(7, rows.size(), 0) - 0.5);
        const double factor = std::exp(moved_law().log_factor({m, n, k}) + noise);
        rows.push_back({{m, n, k}, true_law().seconds({m, n, k}, false) * factor});
      }
    }
  }
  std::vector<MeasuredShape<GemmLaw>> few;
  for (const std::size_t row : spread_anchors<GemmLaw>(moved_law(), rows, most))
    few.push_back(rows[row]);
  return few;
}

FitProblem line_of(double slope_start) {
  FitProblem problem{.start = {slope_start, 3.0},
                     .low = {0.01, 0.01},
                     .high = {100.0, 100.0},
                     .measured = {1.0, 2.0, 4.0, 8.0},
                     .predict = {}};
  problem.predict = [](std::span<const double> at, std::span<double> out) {
    for (std::size_t row = 0; row < out.size(); ++row)
      out[row] = at[0] * std::exp2(static_cast<double>(row));
  };
  return problem;
}

}  // namespace

TEST_CASE("measurements outweigh a prior that they tell of, and leave the others",
          "[calibration][fit][prior]") {
  FitProblem problem = line_of(2.0);
  problem.priors = {{.center = std::log(2.0), .sd = 0.5}, {.center = std::log(3.0), .sd = 0.15}};
  const FitSolution solution = fit_parameters(problem);
  CHECK(solution.parameters[0] == Approx(1.0).epsilon(0.02));
  CHECK(solution.errors[0] < 0.05);  // four measurements of 5 %
  CHECK(solution.errors[0] > 0.01);
  CHECK(solution.parameters[1] == Approx(3.0));
  CHECK(solution.errors[1] == Approx(0.15).epsilon(0.01));
  CHECK_FALSE(solution.pinned[1]);
}

TEST_CASE("a firm prior holds against a few measurements", "[calibration][fit][prior]") {
  FitProblem problem = line_of(1.05);
  problem.priors = {{.center = std::log(1.05), .sd = 0.001}, {.center = std::log(3.0), .sd = 0.15}};
  const FitSolution solution = fit_parameters(problem);
  CHECK(solution.parameters[0] == Approx(1.05).epsilon(0.002));
  CHECK(solution.errors[0] <= 0.001);
}

TEST_CASE("a parameter of which next to nothing is believed is not taken for known",
          "[calibration][fit][prior]") {
  FitProblem problem = line_of(2.0);
  problem.priors = {{.center = std::log(2.0), .sd = 2.0}, {.center = std::log(3.0), .sd = 1.5}};
  const FitSolution solution = fit_parameters(problem);
  CHECK_FALSE(solution.pinned[1]);
  CHECK(solution.errors[1] == Approx(1.5).epsilon(0.01));
}

TEST_CASE("measurements of cold operands are met by the cold law, and L2 keeps its bandwidth",
          "[calibration][transfer]") {
  GemmLaw law = true_law();
  law.per_k = 1e-10;
  law.l2_bandwidth = 20e12;
  LawPlan<GemmLaw> cold = warm_plan();
  cold.start.gpu.l2_bytes = 0.0;  // as the plans of records have it
  FittedLaw<GemmLaw> moved = moved_law();
  moved.law = law;
  moved.residuals.clear();
  std::vector<MeasuredShape<GemmLaw>> anchors;
  for (const double n : {512., 4096., 16384., 32768.}) {
    const GemmShape shape{1, n, 8192};  // weights that L2 holds
    anchors.push_back({shape, law.seconds(shape, true)});
  }
  const GemmShape& in_l2 = anchors[2].shape;
  REQUIRE(law.seconds(in_l2, false) < 0.98 * law.seconds(in_l2, true));
  const auto anchored = with_anchors<GemmLaw>(moved, cold, anchors, "here");
  CHECK(anchored.before.p90_percent < 0.1);
  CHECK(anchored.fitted.law.l2_bandwidth == Approx(law.l2_bandwidth).epsilon(0.001));
  CHECK(anchored.fitted.law.bandwidth == Approx(law.bandwidth).epsilon(0.001));
  CHECK(anchored.fitted.law.gpu == kGpu);
}

TEST_CASE("a dozen measurements mend a moved law", "[calibration][transfer]") {
  const FittedLaw<GemmLaw> moved = moved_law();
  const auto anchors = measured(12);
  REQUIRE(anchors.size() == 12);
  const AnchoredLaw<GemmLaw> anchored = with_anchors<GemmLaw>(moved, warm_plan(), anchors, "here");
  CHECK(anchored.fitted.law.fixed == Approx(6e-6).epsilon(0.05));
  CHECK(anchored.fitted.law.bandwidth > 5.4e12);
  CHECK(anchored.before.median_percent > 20.0);
  CHECK(anchored.after.median_percent < 3.0);
  CHECK(anchored.fitted.residuals.size() == 1);
  CHECK(anchored.fitted.transferred_from == "some_gpu");
  CHECK(anchored.fitted.source == "a table; then 12 measured on here");
  // Rows that were no anchors.
  for (const auto& row : measured(100))
    CHECK(anchored.fitted.seconds(row.shape, false) == Approx(row.seconds).epsilon(0.1));
}

TEST_CASE("more measurements leave less to doubt, none leave all of it",
          "[calibration][transfer]") {
  const GemmShape weights{1, 65536, 65536};
  double doubt = moved_law().transfer_log_sd(weights);
  CHECK(doubt > 0.05);
  for (const std::size_t count : {2, 6, 12, 27}) {
    CAPTURE(count);
    const auto anchored = with_anchors<GemmLaw>(moved_law(), warm_plan(), measured(count), "here");
    CHECK(anchored.fitted.transfer_log_sd(weights) < doubt);
    doubt = anchored.fitted.transfer_log_sd(weights);
  }
}

TEST_CASE("the error of a refitted law is no less than its source's", "[calibration][transfer]") {
  FittedLaw<GemmLaw> rough = moved_law();
  rough.error = {.median_percent = 30.0, .p90_percent = 50.0, .log_bias = 0.1, .log_sd = 0.3};
  const auto anchored = with_anchors<GemmLaw>(rough, warm_plan(), measured(12), "here");
  CHECK(anchored.fitted.error.median_percent == 30.0);
  CHECK(anchored.fitted.error.log_sd == 0.3);
  // One measurement judges nothing: the error is the law's before it.
  const auto one = with_anchors<GemmLaw>(moved_law(), warm_plan(), measured(1), "here");
  CHECK(one.after.median_percent == one.before.median_percent);
  CHECK(one.fitted.error.median_percent >= one.before.median_percent);
}

TEST_CASE("anchors are the quickest, the slowest and between", "[calibration][transfer]") {
  const auto few = measured(3);
  const auto all = measured(100);
  REQUIRE(few.size() == 3);
  CHECK(all.size() == 27);
  CHECK(few.front().seconds == all.front().seconds);
  CHECK(few[1].seconds == all[13].seconds);
  CHECK(few.back().seconds == all.back().seconds);
}

TEST_CASE("only moved laws are refitted, by rows of their own family", "[calibration][transfer]") {
  FittedLaws laws{.system = "other", .software = {}, .laws = {}};
  auto& gemms = of_law<GemmLaw, FittedLaw>(laws.laws);
  gemms["gemm/nvfp4"] = moved_law();
  gemms["gemm/not_measured"] = moved_law();
  gemms["gemm/own"] = moved_law();
  gemms["gemm/own"].transferred_from.clear();
  MeasuredRows rows;
  for (const char* name : {"gemm/nvfp4", "gemm/own", "gemm/without_law"})
    of_law<GemmLaw, MeasuredFamily>(rows.families)[name] = {
        .label = {}, .source = {}, .plan = warm_plan(), .rows = measured(12)};
  const AnchoredLaws anchored_laws = anchored(laws, rows);
  CHECK(anchored_laws.own == std::vector<std::string>{"gemm/own"});
  CHECK(anchored_laws.without_law == std::vector<std::string>{"gemm/without_law"});
  REQUIRE(anchored_laws.families.size() == 1);
  CHECK(anchored_laws.families[0].family == "gemm/nvfp4");
  CHECK(anchored_laws.families[0].anchors == 12);
  const FittedLaws& after = anchored_laws.laws;
  CHECK(after.find<GemmLaw>("gemm/nvfp4")->law.fixed < 8e-6);
  CHECK(after.find<GemmLaw>("gemm/not_measured")->law.fixed == 12e-6);
  CHECK(after.find<GemmLaw>("gemm/own")->law.fixed == 12e-6);
  CHECK(after.find<GemmLaw>("gemm/without_law") == nullptr);
}
