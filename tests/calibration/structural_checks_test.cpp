#include "sim/calibration/structural_checks.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/calibration/transfer.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

constexpr LawGpu kGpu{.multiprocessors = 148, .l2_bytes = 126e6};

MeasuredRows made_rows() {
  MeasuredRows rows;
  GemmLaw gemm;
  gemm.gpu = kGpu;
  auto& gemms = of_law<GemmLaw, MeasuredFamily>(rows.families)["gemm/nvfp4"];
  gemms.label = {.op = "gemm", .dtype = "nvfp4", .kernel = {}};
  gemms.plan.start = gemm;
  gemms.plan.grids = {{{.coordinate = 1}, {.coordinate = 2}}};
  for (const double m : {1., 16., 256.}) {
    for (const double n : {512., 2048., 8192., 32768.}) {
      for (const double k : {512., 2048., 8192., 32768.}) {
        gemms.rows.push_back({{m, n, k}, gemm.seconds({m, n, k}, false)});
      }
    }
  }
  AttentionLaw attention;
  attention.gpu = kGpu;
  auto& attentions = of_law<AttentionLaw, MeasuredFamily>(rows.families)["attention/fp8/grouped"];
  attentions.label = {.op = "generation_attention", .dtype = "fp8", .kernel = "grouped"};
  attentions.plan.start = attention;
  for (const double batch : {1., 16., 64., 256.}) {
    for (const double tokens : {1024., 16384., 65536., 131072.}) {
      const AttentionShape shape{.batch = batch, .kv_tokens = tokens, .kv_heads = 1, .group = 8};
      attentions.rows.push_back({shape, attention.seconds(shape, false)});
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("structural checks score each row that a split keeps from the fit",
          "[calibration][structural]") {
  const MeasuredRows rows = made_rows();
  const auto checks = structural_checks(rows, {});
  REQUIRE(checks.size() == 3);
  CHECK(checks[0].check == "unseen (n, k)");
  CHECK(checks[0].rows == 48);  // every pair is held once
  CHECK(checks[1].check == "longer context");
  CHECK(checks[1].rows == 4);  // a fourth of the contexts is beyond 65,536 tokens
  CHECK(checks[2].check == "larger batch");
  CHECK(checks[2].rows == 4);
  for (const StructuralCheck& check : checks) {
    CAPTURE(check.check);
    CHECK(check.law_p90_percent < 1.0);  // the law that made the rows
    CHECK(check.p90_percent < 1.0);
  }
}

TEST_CASE("structural checks do not depend on threads, and one op can be checked alone",
          "[calibration][structural]") {
  MeasuredRows rows = made_rows();
  auto& gemms = of_law<GemmLaw, MeasuredFamily>(rows.families).at("gemm/nvfp4");
  for (std::size_t row = 0; row < gemms.rows.size(); ++row) {
    gemms.rows[row].seconds *= 1.0 + 0.2 * static_cast<double>(row % 3);
  }
  long long told = 0;
  const auto progress = [&](long long done, long long total) {
    CHECK(total == 5);
    told = done;
  };
  const auto one = structural_checks(rows, {.only = "gemm", .threads = 1, .progress = progress});
  const auto three = structural_checks(rows, {.only = "gemm", .threads = 3});
  REQUIRE(one.size() == 1);
  REQUIRE(three.size() == 1);
  CHECK(told == 5);
  CHECK(one[0].p90_percent == three[0].p90_percent);
  CHECK(one[0].law_median_percent == three[0].law_median_percent);
}

TEST_CASE("windowed attention takes no part in structural checks", "[calibration][structural]") {
  MeasuredRows rows = made_rows();
  of_law<AttentionLaw, MeasuredFamily>(rows.families)
      .at("attention/fp8/grouped")
      .rows[0]
      .shape.window = 128;
  CHECK(structural_checks(rows, {.only = "generation_attention"}).empty());
}

TEST_CASE("a law moved to another data sheet changes in its facts alone",
          "[calibration][transfer]") {
  const System from = gb200();
  const System to = gb200({parse_override("gpu.memory.bandwidth.value=4 TB/s"),
                           parse_override("gpu.compute.fp8.value=2 PFLOP/s"),
                           parse_override("gpu.compute.multiprocessors.value=132"),
                           parse_override("gpu.memory.l2.value=50 MB")});
  FittedLaws laws;
  laws.data_sheet = data_sheet(from);
  auto& fitted = of_law<GemmLaw, FittedLaw>(laws.laws)["gemm/fp8"];
  fitted.law.bandwidth = 6e12;
  fitted.law.peak = from.gpu.peak(MathRate::Fp8).value();
  fitted.law.fixed = 5e-6;
  fitted.residuals = {ResidualTable({{.coordinate = 0, .nodes = {0.0}}}, {0.5})};
  of_law<CollectiveLaw, FittedLaw>(laws.laws)["nccl"];

  const FittedLaws moved = kernels_transferred(laws, to);
  const FittedLaw<GemmLaw>* other = moved.find<GemmLaw>("gemm/fp8");
  REQUIRE(other != nullptr);
  CHECK(other->law.bandwidth == Approx(6e12 * 4e12 / from.gpu.memory_bandwidth.value()));
  CHECK(other->law.peak == Approx(2e15));
  CHECK(other->law.gpu.multiprocessors == 132);
  CHECK(other->law.gpu.l2_bytes == Approx(50e6));
  CHECK(other->law.fixed == 5e-6);
  CHECK(other->residuals[0].values()[0] == 0.5);
  CHECK(other->transferred_from == "another system");  // the laws name none
  CHECK(other->transfer_log_sd({1, 4096, 4096}) > 0.05);
  CHECK(moved.find<CollectiveLaw>("nccl") == nullptr);
}

TEST_CASE("a transfer is scored where there is a law, and counts rows where there is none",
          "[calibration][transfer]") {
  const MeasuredRows rows = made_rows();
  FittedLaws moved{.system = "other", .software = {}, .laws = {}};
  auto& fitted = of_law<GemmLaw, FittedLaw>(moved.laws)["gemm/nvfp4"];
  fitted.law = of_law<GemmLaw, MeasuredFamily>(rows.families).at("gemm/nvfp4").plan.start;
  const double twice = std::log(2.0);
  fitted.residuals = {ResidualTable({{.coordinate = 0, .nodes = {0.0, 16.0}}}, {twice, twice})};
  const auto checks = transfer_checks(moved, rows, {});
  REQUIRE(checks.size() == 2);
  CHECK(checks[0].check == "transfer to other");
  CHECK(checks[0].rows == 48);
  CHECK(checks[0].law_p90_percent == Approx(0.0).margin(1e-9));
  CHECK(checks[0].median_percent == Approx(100.0));
  CHECK(checks[1].op == "generation_attention");
  CHECK(checks[1].rows == 0);
  CHECK(checks[1].unpredicted == 16);
}

TEST_CASE("a refit to measurements of the other GPU is judged by the rest of them",
          "[calibration][transfer]") {
  const MeasuredRows rows = made_rows();
  FittedLaws moved{.system = "other", .software = {}, .laws = {}};
  auto& fitted = of_law<GemmLaw, FittedLaw>(moved.laws)["gemm/nvfp4"];
  fitted.law = of_law<GemmLaw, MeasuredFamily>(rows.families).at("gemm/nvfp4").plan.start;
  fitted.law.bandwidth *= 0.7;
  fitted.law.fixed *= 1.6;
  fitted.transferred_from = "some_gpu";
  const TransferCheckOptions plain{.only = "gemm", .rules = ErrorRules{}};
  TransferCheckOptions refit = plain;
  refit.anchors = 12;
  int told = 0;
  refit.progress = [&](long long done, long long total) { told += done <= total ? 1 : 0; };
  const auto without = transfer_checks(moved, rows, plain);
  const auto with = transfer_checks(moved, rows, refit);
  REQUIRE(without.size() == 1);
  REQUIRE(with.size() == 1);
  CHECK(with[0].check == "transfer to other, 12 measured there");
  CHECK(with[0].rows == without[0].rows - 12);
  CHECK(without[0].median_percent > 10.0);
  CHECK(with[0].median_percent < 0.3 * without[0].median_percent);
  CHECK(without[0].inside_percent > 50.0);
  CHECK(with[0].inside_percent > 90.0);
  CHECK(told == 1);
  CHECK(transfer_checks(moved, rows, {.only = "gemm"})[0].inside_percent < 0.0);  // no rules
}
