#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>

#include "tools/calibrate/harness/plan.hpp"
#include "tools/calibrate/runner/open_gpu.hpp"
#ifdef HELIXSIM_HAS_CUDA
#include "tools/calibrate/runner/kernel_case.hpp"
#endif

using namespace helixsim;

#ifdef HELIXSIM_HAS_CUDA
TEST_CASE("every cell of the plan has a kernel that measures it", "[runner]") {
  const GpuFacts gpu{.name = "G",
                     .sm = "9.0",
                     .sms = 132,
                     .l2_bytes = 50'000'000,
                     .memory_mhz = 3200,
                     .uuid_hash = "0",
                     .gpus = 8};
  std::vector<Cell> cells = calibration_cells(gpu);
  cells.push_back(ceiling_cell(gpu));
  const auto cases = kernel_cases();
  for (const Cell& cell : cells) {
    CAPTURE(cell.key.text());
    CHECK(std::any_of(cases.begin(), cases.end(), [&](const KernelCaseEntry& entry) {
      return entry.kernel == cell.key.kernel && entry.variant == cell.key.variant;
    }));
  }
}
#endif

TEST_CASE("the kernels are right on this machine's GPU", "[runner][gpu]") {
  std::string why;
  const auto gpu = open_gpu(why);
  if (gpu == nullptr) {
    CHECK_FALSE(why.empty());
    std::printf("skipped: no GPU: %s\n", why.c_str());
    return;
  }
  for (const Cell& cell : anchor_cells(gpu->facts())) {
    CAPTURE(cell.key.text());
    NotPrepared reason;
    const auto prepared = gpu->prepare(cell, reason);
    CAPTURE(reason.why);
    REQUIRE(prepared != nullptr);
    const CheckResult result = prepared->check();
    CAPTURE(result.error);
    CHECK(result.ok);
  }
}
