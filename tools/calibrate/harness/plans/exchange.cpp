#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

Cell exchange_cell(const char* variant, const char* impl, std::map<std::string, long long> shape,
                   double bytes) {
  Cell cell;
  cell.key = {.kernel = "exchange",
              .variant = variant,
              .impl = impl,
              .shape = std::move(shape),
              .dtype = {{"x", "bf16"}},
              .mode = "graph_warm"};
  cell.bytes = bytes;
  cell.footprint = bytes;
  return cell;
}

}  // namespace

/// Between the GPUs of this machine, 2, 4, ... of them; none where there is but one. Bytes are what
/// a rank sends over its links.
std::vector<Cell> exchange_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  for (long long ranks = 2; ranks <= gpu.gpus; ranks *= 2) {
    const double others = static_cast<double>(ranks - 1);
    for (const long long rows : {1, 8, 64, 512}) {
      for (const long long width : {128, 512}) {
        const double row = static_cast<double>(width / 4 + 1) * 16.0;
        cells.push_back(exchange_cell("helix_all_to_all", "own",
                                      {{"ranks", ranks}, {"rows", rows}, {"width", width}},
                                      others * static_cast<double>(rows) * row));
      }
    }
    for (long long bytes = 1024; bytes <= 1 << 20; bytes *= 4)
      cells.push_back(exchange_cell("one_shot_all_reduce", "own",
                                    {{"ranks", ranks}, {"bytes", bytes}},
                                    2.0 * others * static_cast<double>(bytes)));
    for (long long bytes = 1024; bytes <= 1 << 26; bytes *= 8) {
      const double all = static_cast<double>(bytes);
      const double part = all / static_cast<double>(ranks);
      const std::map<std::string, long long> shape{{"ranks", ranks}, {"bytes", bytes}};
      cells.push_back(exchange_cell("nccl_all_reduce", "lib", shape, 2.0 * others * part));
      cells.push_back(exchange_cell("nccl_all_gather", "lib", shape, others * all));
      cells.push_back(exchange_cell("nccl_all_to_all", "lib", shape, others * part));
    }
  }
  return cells;
}

}  // namespace helixsim
