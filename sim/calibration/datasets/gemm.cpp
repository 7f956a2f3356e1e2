#include <cmath>

#include "sim/calibration/datasets/dataset.hpp"
#include "sim/calibration/datasets/records.hpp"

namespace helixsim {
namespace {

std::vector<double> logs(std::initializer_list<double> values) {
  std::vector<double> nodes;
  for (const double value : values) nodes.push_back(std::log2(value));
  return nodes;
}

}  // namespace

MeasuredFamily<GemmLaw> gemm_family(const TableFormat& format, const DatasetSystem& system) {
  GemmLaw start;
  start.gpu = system.law_gpu();
  start.bandwidth = 0.85 * system.hbm();
  start.weight_bytes = format.bytes;
  start.peak = system.peak(format.rate);
  // Tiles of rows end at powers of two: what lies just beyond them is a step of its own.
  const AxisPlan rows{.coordinate = 0,
                      .nodes = logs({1,  4,   8,   12,  16,  17,  32,  33,   64,   65,
                                     96, 128, 129, 192, 256, 257, 512, 1024, 4096, 32768})};
  return {.label = {.op = "gemm", .dtype = std::string(format.name), .kernel = {}},
          .source = "gemm.csv, " + std::string(format.name),
          .plan = {.start = start,
                   .ceilings = {{&GemmLaw::bandwidth, system.hbm()}},
                   .choices = {{&GemmLaw::tile_columns, {128, 32, 64, 256}},
                               {&GemmLaw::max_splits, {1, 2, 4, 8, 16}},
                               {&GemmLaw::tile_rows, {128, 64, 256}}},
                   .grids = {{rows, {.coordinate = 1, .gap = 0.2}, {.coordinate = 2, .gap = 0.2}}}},
          .rows = {}};
}

void read_gemm(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows) {
  const auto dtype = table.column("dtype");
  const auto m = table.column("m");
  const auto n = table.column("n");
  const auto k = table.column("k");
  const auto latency = table.column("latency_us");
  FamilyFinder<GemmLaw> families(rows);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TableFormat& format = table_format(table, row, dtype);
    auto& family = families.family("gemm/" + std::string(format.name),
                                   [&] { return gemm_family(format, system); });
    family.rows.push_back(
        {.shape = {table.number(row, m, 1), table.number(row, n, 1), table.number(row, k, 1)},
         .seconds = table.number(row, latency) * 1e-6});
  }
}

}  // namespace helixsim
