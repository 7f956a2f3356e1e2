#include "tools/calibrate/harness/plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tools/calibrate/harness/plans/plans.hpp"

using namespace helixsim;

namespace {

const GpuFacts kGpu{.name = "G",
                    .sm = "9.0",
                    .sms = 132,
                    .l2_bytes = 50'000'000,
                    .memory_mhz = 3200,
                    .uuid_hash = "0",
                    .gpus = 8};

}  // namespace

TEST_CASE("every beginning of a spread order reaches over the whole list", "[harness][plan]") {
  for (std::size_t count = 0; count < 70; ++count) {
    std::vector<std::size_t> order = spread_order(count);
    for (std::size_t first = 3; first < count; ++first) {
      std::vector<std::size_t> few(order.begin(), order.begin() + static_cast<long>(first));
      std::sort(few.begin(), few.end());
      REQUIRE(few.front() == 0);
      REQUIRE(few.back() == count - 1);
      for (std::size_t i = 1; i < few.size(); ++i)
        REQUIRE(few[i] - few[i - 1] <= 4 * count / first + 1);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < count; ++i) REQUIRE(order[i] == i);
    REQUIRE(order.size() == count);
  }
}

TEST_CASE("cells are told apart by their keys and have what they move", "[harness][plan]") {
  std::set<std::string> keys;
  for (const Cell& cell : calibration_cells(kGpu)) {
    CAPTURE(cell.key.text());
    CHECK(keys.insert(cell.key.text()).second);
    CHECK(cell.information > 0.0);
    CHECK(cell.footprint <= 8.6e9);
    if (cell.key.kernel != "launch_chain") CHECK(cell.bytes > 0.0);
  }
  CHECK(keys.size() > 200);
}

TEST_CASE("the first cells of a plan are of all kernels", "[harness][plan]") {
  std::vector<Cell> cells = calibration_cells(kGpu);
  std::stable_sort(cells.begin(), cells.end(),
                   [](const Cell& a, const Cell& b) { return a.information > b.information; });
  std::set<std::string> kernels;
  for (std::size_t i = 0; i < 4 * plan_entries().size(); ++i) kernels.insert(cells[i].key.kernel);
  CHECK(kernels.size() >= plan_entries().size());
  const std::string only[] = {"gemm"};
  for (const Cell& cell : calibration_cells(kGpu, only)) CHECK(cell.key.kernel == "gemm");
  CHECK(anchor_cells(kGpu).size() <= 4 * plan_entries().size());
}

TEST_CASE("GQA cells count the KV cache once and split as the planner says", "[harness][plan]") {
  // 8 requests of 131,072 tokens, one KV head of 128, BF16: 537 MB.
  const Cell cell = gqa_decode_cell({.batch = 8, .tokens = 131'072, .splits = 1});
  CHECK(cell.footprint == 2.0 * 8 * 131'072 * 128 * 2);
  CHECK(cell.flops == 4.0 * 8 * 16 * 131'072 * 128);
  for (const Cell& one : gqa_decode_cells(kGpu)) {
    const long long tiles = (one.key.shape.at("s") + 63) / 64;
    CHECK(one.key.shape.at("split") <= std::max(tiles, 64LL));
  }
}

TEST_CASE("MLA cells of the body for wgmma are for sm_90 and whole blocks of 64 heads",
          "[harness][plan]") {
  const auto by_wgmma = [](const GpuFacts& gpu) {
    std::vector<Cell> cells = mla_decode_cells(gpu);
    std::erase_if(cells, [](const Cell& cell) { return cell.key.variant != "wgmma_bf16"; });
    return cells;
  };
  GpuFacts later = kGpu;
  later.sm = "10.0";
  CHECK(by_wgmma(later).empty());
  const std::vector<Cell> cells = by_wgmma(kGpu);
  CHECK(cells.size() > 20);
  for (const Cell& cell : cells) {
    CAPTURE(cell.key.text());
    CHECK(cell.key.shape.at("h") % 64 == 0);
    CHECK(cell.key.dtype.at("kv") == "bf16");
    CHECK(cell.key.shape.at("split") * 64 <= cell.key.shape.at("s"));
  }
}
