#include "sim/calibration/accuracy.hpp"

#include <catch2/catch.hpp>

#include "sim/calibration/mla_module.hpp"

using namespace helixsim;

namespace {

FittedLaw<GemmLaw> some_gemm() {
  FittedLaw<GemmLaw> fitted;
  fitted.law.gpu = {.multiprocessors = 148, .l2_bytes = 126e6};
  return fitted;
}

const AccuracyGroup& group(const Accuracy& accuracy, const std::string& op,
                           const std::string& region) {
  for (const AccuracyGroup& one : accuracy.groups) {
    if (one.op == op && one.region == region) return one;
  }
  FAIL("no group " << op << " " << region);
  return accuracy.groups.front();
}

}  // namespace

TEST_CASE("errors are of the measured time, by region, and rows without a law are counted",
          "[calibration][accuracy]") {
  FittedLaws laws;
  of_law<GemmLaw, FittedLaw>(laws.laws)["gemm/nvfp4"] = some_gemm();
  MeasuredRows rows;
  auto& family = of_law<GemmLaw, MeasuredFamily>(rows.families)["gemm/nvfp4"];
  family.label = {.op = "gemm", .dtype = "nvfp4", .kernel = {}};
  for (const double factor : {1.0, 2.0, 4.0}) {
    const GemmShape shape{1, 128, 128};
    family.rows.push_back({shape, some_gemm().seconds(shape, false) * factor});
  }
  auto& other = of_law<GemmLaw, MeasuredFamily>(rows.families)["gemm/fp8"];
  other.label = {.op = "gemm fp8", .dtype = "fp8", .kernel = {}};
  other.rows = family.rows;
  rows.unpredicted.push_back({.label = {"sparse", "all", ""}, .reason = "why", .rows = 7});

  const Accuracy accuracy = accuracy_of(rows, laws);
  const AccuracyGroup& all = group(accuracy, "gemm", "all");
  CHECK(all.rows == 3);
  CHECK(all.median_ape_percent == Approx(50.0));
  CHECK(all.p90_ape_percent == Approx(75.0));
  CHECK(all.mean_ape_percent == Approx(125.0 / 3));
  CHECK(group(accuracy, "gemm", "latency").rows == 3);
  CHECK(group(accuracy, "gemm fp8", "all").unpredicted == 3);
  CHECK(group(accuracy, "sparse", "all").unpredicted == 7);
  CHECK(accuracy.families.size() == 1);
}

TEST_CASE("a whole MLA block needs the laws of all of its kernels", "[calibration][accuracy]") {
  FittedLaws laws;
  const ModuleRow row{.batch = 8, .cached_tokens = 4096, .local_heads = 16};
  CHECK_FALSE(mla_module_seconds(laws, "nvfp4", "fp8", row));
  auto& gemms = of_law<GemmLaw, FittedLaw>(laws.laws);
  for (const char* name : {"gemm/nvfp4", "bmm/w_uk/bfloat16", "bmm/w_uv/bfloat16"}) {
    gemms[name] = some_gemm();
  }
  CHECK_FALSE(mla_module_seconds(laws, "nvfp4", "fp8", row));
  auto& attention = of_law<AttentionLaw, FittedLaw>(laws.laws)["mla/fp8/heads_16"];
  attention.law.gpu = {.multiprocessors = 148, .l2_bytes = 126e6};
  const auto time = mla_module_seconds(laws, "nvfp4", "fp8", row);
  REQUIRE(time);
  // At least the three projections and the attention.
  CHECK(*time > 3 * gemms["gemm/nvfp4"].law.fixed + attention.law.fixed);
  CHECK_FALSE(mla_module_seconds(laws, "nvfp4", "fp8", {.batch = 8, .local_heads = 24}));
}
