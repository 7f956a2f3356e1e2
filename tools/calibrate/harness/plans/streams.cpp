#include "tools/calibrate/harness/plan.hpp"
#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

constexpr long long kCeilingBytes = 4'000'000'000;
constexpr int kChainLaunches = 512;

/// `ctas` 0: as many as the GPU takes.
Cell stream_cell(const char* kernel, const char* variant, long long bytes, long long ctas) {
  Cell cell;
  cell.key = {.kernel = kernel,
              .variant = variant,
              .impl = "own",
              .shape = {{"bytes", bytes}, {"ctas", ctas}},
              .dtype = {},
              .mode = "graph_cold"};
  cell.bytes = static_cast<double>(bytes);
  cell.footprint = static_cast<double>(bytes);
  return cell;
}

}  // namespace

Cell ceiling_cell(const GpuFacts& /*gpu*/) {
  return stream_cell("stream_read", "loads", kCeilingBytes, 0);
}

/// 4 KB to 4 GB; 1 GB by few CTAs; the body with bulk copies.
std::vector<Cell> stream_read_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  for (long long bytes = 4096; bytes <= 1LL << 32; bytes *= 4)
    cells.push_back(stream_cell("stream_read", "loads", bytes, 0));
  for (long long ctas = 1; ctas < gpu.sms; ctas *= 2)
    cells.push_back(stream_cell("stream_read", "loads", 1LL << 30, ctas));
  for (long long bytes = 1 << 20; bytes <= 1LL << 30; bytes *= 32)
    cells.push_back(stream_cell("stream_read", "bulk", bytes, 0));
  for (long long bytes = 1 << 20; bytes <= 1LL << 30; bytes *= 32) {
    cells.push_back(stream_cell("stream_write", "stores", bytes, 0));
    cells.push_back(stream_cell("stream_copy", "loads", bytes, 0));
    cells.back().bytes *= 2.0;
    cells.back().footprint *= 2.0;
  }
  return cells;
}

/// 16 KB to 1 GB: in L2 and beyond.
std::vector<Cell> pointer_chase_cells(const GpuFacts& /*gpu*/) {
  constexpr long long kSteps = 20'000;
  std::vector<Cell> cells;
  for (long long bytes = 16'384; bytes <= 1LL << 30; bytes *= 4) {
    Cell cell;
    cell.key = {.kernel = "pointer_chase",
                .variant = "loads",
                .impl = "own",
                .shape = {{"bytes", bytes}, {"steps", kSteps}},
                .dtype = {},
                .mode = "graph_warm"};
    cell.bytes = 128.0 * static_cast<double>(kSteps);
    cell.footprint = static_cast<double>(bytes);
    cells.push_back(cell);
  }
  return cells;
}

std::vector<Cell> launch_chain_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  for (const char* variant : {"serial", "programmatic"}) {
    for (const long long grid : {1LL, static_cast<long long>(gpu.sms), 8LL * gpu.sms}) {
      for (const long long shared : {0, 32'768, 200'000}) {
        Cell cell;
        cell.key = {.kernel = "launch_chain",
                    .variant = variant,
                    .impl = "own",
                    .shape = {{"grid", grid}, {"smem", shared}},
                    .dtype = {},
                    .mode = "graph_warm"};
        cell.with_gap = true;
        cell.reps = kChainLaunches;
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

}  // namespace helixsim
