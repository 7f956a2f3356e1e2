#include <fmt/format.h>

#include "sim/calibration/datasets/dataset.hpp"
#include "sim/config/config_error.hpp"

namespace helixsim {

/// Absorption of W_UK, per head [T, 128] x [128, 512], and of W_UV, [T, 512] x [512, 128].
void read_mla_bmm(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows) {
  const auto op = table.column("op");
  const auto kernel = table.column("kernel");
  const auto dtype = table.column("dtype");
  const auto num_tokens = table.column("num_tokens");
  const auto local_heads = table.column("local_heads");
  const auto latency = table.column("latency_us");
  FamilyFinder<GemmLaw> families(rows);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view side = table.text(row, op);
    if (side != "mla_gen_pre" && side != "mla_gen_post") {
      throw ConfigError(table.place(row, op) + ": expected mla_gen_pre or mla_gen_post, got \"" +
                        std::string(side) + "\"");
    }
    const bool pre = side == "mla_gen_pre";
    const TableFormat& format = table_format(table, row, dtype);
    const std::string name = fmt::format("bmm/{}/{}", pre ? "w_uk" : "w_uv", format.name);
    auto& family = families.family(name, [&] {
      GemmLaw start;
      start.gpu = system.law_gpu();
      start.bandwidth = 0.85 * system.hbm();
      // On Blackwell fp8 rows run a BF16 kernel on weights that were dequantised before.
      const bool dequantised = table.text(row, kernel).ends_with("dequant_bf16");
      start.weight_bytes = dequantised ? 2.0 : format.bytes;
      start.peak = system.peak(dequantised ? MathRate::Bf16 : format.rate);
      start.most_copies = 1.0;
      return MeasuredFamily<GemmLaw>{
          .label = {.op = "mla_bmm",
                    .dtype = std::string(format.name),
                    .kernel = std::string(side)},
          .source = fmt::format("mla_bmm.csv, {}, {}", side, format.name),
          .plan = {.start = start,
                   .ceilings = {{&GemmLaw::bandwidth, system.hbm()}},
                   .choices = {{&GemmLaw::tile_columns, {128, 32, 64, 256}},
                               {&GemmLaw::tile_rows, {128, 64, 256}}},
                   .grids = {{{.coordinate = 0, .gap = 0.9}, {.coordinate = 3, .gap = 0.9}}},
                   .tune_smoothness = true},
          .rows = {}};
    });
    family.rows.push_back({.shape = {.m = table.number(row, num_tokens, 1),
                                     .n = pre ? 512.0 : 128.0,
                                     .k = pre ? 128.0 : 512.0,
                                     .batch = table.number(row, local_heads, 1)},
                           .seconds = table.number(row, latency) * 1e-6});
  }
}

}  // namespace helixsim
