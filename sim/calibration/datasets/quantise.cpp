#include <fmt/format.h>

#include "sim/calibration/datasets/dataset.hpp"

namespace helixsim {

LawPlan<StreamLaw> stream_plan(double element_bytes, const DatasetSystem& system) {
  StreamLaw start;
  start.gpu = system.law_gpu();
  start.bandwidth = 0.8 * system.hbm();
  start.element_bytes = element_bytes;
  return {.start = start,
          .ceilings = {{&StreamLaw::bandwidth, system.hbm()}},
          .choices = {},
          .grids = {{{.coordinate = 0, .gap = 0.9}, {.coordinate = 1, .gap = 0.4}}},
          .tune_smoothness = true};
}

void read_fp8_quantize(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows) {
  const auto op = table.column("op");
  const auto dtype = table.column("dtype");
  const auto m = table.column("m");
  const auto k = table.column("k");
  const auto latency = table.column("latency_us");
  FamilyFinder<StreamLaw> families(rows);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string kind(table.text(row, op));
    auto& family = families.family("quantise/" + kind, [&] {
      const double element_bytes = kind == "compute_scale" ? 2.0 : 3.0;  // BF16 in; FP8 out
      return MeasuredFamily<StreamLaw>{.label = {.op = "fp8_quantize",
                                                 .dtype = std::string(table.text(row, dtype)),
                                                 .kernel = kind},
                                       .source = "fp8_quantize.csv, " + kind,
                                       .plan = stream_plan(element_bytes, system),
                                       .rows = {}};
    });
    family.rows.push_back({.shape = {table.number(row, m, 1), table.number(row, k, 1)},
                           .seconds = table.number(row, latency) * 1e-6});
  }
}

}  // namespace helixsim
