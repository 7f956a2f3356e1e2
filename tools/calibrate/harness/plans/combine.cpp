#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {

namespace {

/// Parts of KVP ranks are BF16, those of a rank's splits FP32.
Cell combine_cell(long long parts, long long rows, long long width, bool fp32) {
  const double element = fp32 ? 4.0 : 2.0;
  Cell cell;
  cell.key = {.kernel = "combine",
              .variant = fp32 ? "warp_row_fp32" : "warp_row",
              .impl = "own",
              .shape = {{"parts", parts}, {"rows", rows}, {"width", width}},
              .dtype = {{"in", fp32 ? "fp32" : "bf16"}, {"o", "bf16"}},
              .mode = "graph_cold"};
  const double read =
      static_cast<double>(parts * rows) * (element * static_cast<double>(width) + 4.0);
  cell.bytes = read + static_cast<double>(rows) * (2.0 * static_cast<double>(width) + 4.0);
  cell.footprint = read;
  return cell;
}

}  // namespace

/// Rows B h / KVP of Llama (width 128) and R1 (width 512).
std::vector<Cell> combine_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long parts : {8, 2, 64, 16, 4, 32}) {
    for (const long long rows : {16, 128, 1024, 8192}) {
      for (const long long width : {128, 512}) {
        for (const bool fp32 : {false, true})
          cells.push_back(combine_cell(parts, rows, width, fp32));
      }
    }
  }
  return cells;
}

}  // namespace helixsim
