#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {

/// Rows B h / KVP of Llama (width 128) and R1 (width 512) over KVP ranks, BF16 parts.
std::vector<Cell> combine_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long parts : {8, 2, 64, 16, 4, 32}) {
    for (const long long rows : {16, 128, 1024, 8192}) {
      for (const long long width : {128, 512}) {
        Cell cell;
        cell.key = {.kernel = "combine",
                    .variant = "warp_row",
                    .impl = "own",
                    .shape = {{"parts", parts}, {"rows", rows}, {"width", width}},
                    .dtype = {{"in", "bf16"}, {"o", "bf16"}},
                    .mode = "graph_cold"};
        const double read =
            static_cast<double>(parts * rows) * (2.0 * static_cast<double>(width) + 4.0);
        cell.bytes = read + static_cast<double>(rows) * (2.0 * static_cast<double>(width) + 4.0);
        cell.footprint = read;
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

}  // namespace helixsim
