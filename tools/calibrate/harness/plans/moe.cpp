#include <string>

#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

constexpr long long kHidden = 7168;  // DeepSeek-R1
constexpr long long kExperts = 256;
constexpr long long kTop = 8;
constexpr long long kWidth = 2048;  // of an expert
constexpr double kMostBytes = 2e9;

/// `each` tokens of every one of `experts`: bytes of their weights, inputs and outputs.
Cell grouped_cell(long long experts, long long each, long long n, long long k, bool fp8) {
  const double element = fp8 ? 1.0 : 2.0;
  const double weights = static_cast<double>(experts * n * k);
  const double slots = static_cast<double>(experts * each);
  Cell cell;
  cell.key = {.kernel = "grouped_gemm",
              .variant = std::string("gemv_") + (fp8 ? "e4m3" : "bf16"),
              .impl = "own",
              .shape = {{"e", experts}, {"me", each}, {"n", n}, {"k", k}},
              .dtype = {{"w", fp8 ? "fp8" : "bf16"}, {"x", "bf16"}, {"o", "bf16"}},
              .mode = "graph_cold"};
  cell.bytes = weights * element + 2.0 * slots * static_cast<double>(n + k);
  cell.flops = 2.0 * slots * static_cast<double>(n * k);
  cell.footprint = weights * element;
  return cell;
}

}  // namespace

/// 1 to 64 touched experts of 1 to 32 tokens each, gate with up and down.
std::vector<Cell> grouped_gemm_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long experts : {1, 8, 64, 2, 32, 4, 16}) {
    for (const long long each : {1, 8, 32, 2, 16, 4}) {
      for (const bool fp8 : {false, true}) {
        for (const bool gate : {false, true}) {
          Cell cell = gate ? grouped_cell(experts, each, 2 * kWidth, kHidden, fp8)
                           : grouped_cell(experts, each, kHidden, kWidth, fp8);
          if (cell.footprint <= kMostBytes) cells.push_back(std::move(cell));
        }
      }
    }
  }
  return cells;
}

/// Top 8 of 256, by groups.
std::vector<Cell> router_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long m : {1, 8, 64, 1024}) {
    Cell cell;
    cell.key = {.kernel = "router",
                .variant = "warp_token",
                .impl = "own",
                .shape = {{"m", m}, {"e", kExperts}, {"top", kTop}},
                .dtype = {{"x", "bf16"}},
                .mode = "graph_cold"};
    cell.bytes = static_cast<double>(m * (kExperts * 2 + kTop * 8));
    cell.footprint = static_cast<double>(m * kExperts * 2);
    cells.push_back(cell);
  }
  return cells;
}

/// Pairs over the experts of a rank of 8 and of 32.
std::vector<Cell> order_tokens_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long pairs : {8, 64, 512, 4096}) {
    for (const long long experts : {8, 32}) {
      Cell cell;
      cell.key = {.kernel = "order_tokens",
                  .variant = "one_block",
                  .impl = "own",
                  .shape = {{"m", pairs}, {"e", experts}},
                  .dtype = {},
                  .mode = "graph_cold"};
      cell.bytes = static_cast<double>(pairs) * 12.0;
      cell.footprint = cell.bytes;
      cells.push_back(cell);
    }
  }
  return cells;
}

/// Two thirds of the pairs are this rank's.
std::vector<Cell> finalise_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long m : {1, 8, 64, 512}) {
    Cell cell;
    cell.key = {.kernel = "finalise",
                .variant = "eights",
                .impl = "own",
                .shape = {{"m", m}, {"n", kHidden}},
                .dtype = {{"x", "bf16"}, {"o", "bf16"}},
                .mode = "graph_cold"};
    const double row = static_cast<double>(kHidden) * 2.0;
    cell.bytes = static_cast<double>(m) * row * (static_cast<double>(kTop) * 2.0 / 3.0 + 1.0);
    cell.footprint = static_cast<double>(m * kTop) * row;
    cells.push_back(cell);
  }
  return cells;
}

}  // namespace helixsim
