#include <fmt/format.h>

#include "sim/calibration/benchmark_routing.hpp"
#include "sim/calibration/datasets/dataset.hpp"
#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

enum : std::size_t { kTokens, kRows, kExperts, kHidden, kIntermediate };

LawPlan<GroupedGemmLaw> plan(const TableFormat& format, const DatasetSystem& system, bool gated) {
  GroupedGemmLaw start;
  start.gpu = system.law_gpu();
  start.bandwidth = 0.8 * system.hbm();
  start.weight_bytes = format.bytes;
  start.peak = system.peak(format.rate);
  start.matrices = gated ? 3.0 : 2.0;
  return {.start = start,
          .ceilings = {{&GroupedGemmLaw::bandwidth, system.hbm()}},
          .choices = {{&GroupedGemmLaw::tile_columns, {128, 64, 256}},
                      {&GroupedGemmLaw::tile_rows, {64, 16, 32, 128}}},
          .grids = {{{.coordinate = kTokens, .gap = 0.9},
                     {.coordinate = kExperts, .gap = 0.5},
                     {.coordinate = kRows, .gap = 1.4}},
                    {{.coordinate = kHidden, .gap = 0.1},
                     {.coordinate = kIntermediate, .gap = 0.2},
                     {.coordinate = kExperts, .gap = 0.5}},
                    {{.coordinate = kTokens, .gap = 0.9},
                     {.coordinate = kHidden, .gap = 0.1},
                     {.coordinate = kIntermediate, .gap = 0.2}}}};
}

std::string checked_distribution(const CsvTable& table, std::size_t row, std::size_t column) {
  std::string name(table.text(row, column));
  if (!BenchmarkRouter::knows(name)) {
    throw ConfigError(table.place(row, column) + ": expected balanced or power_law_ALPHA, got \"" +
                      name + "\"");
  }
  return name;
}

}  // namespace

void read_moe(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows) {
  const auto kernel = table.column("kernel");
  const auto dtype = table.column("dtype");
  const auto num_tokens = table.column("num_tokens");
  const auto hidden = table.column("hidden");
  const auto inter = table.column("inter");
  const auto topk = table.column("topk");
  const auto num_experts = table.column("num_experts");
  const auto tp = table.column("tp");
  const auto ep = table.column("ep");
  const auto distribution = table.column("distribution");
  const auto latency = table.column("latency_us");
  FamilyFinder<GroupedGemmLaw> families(rows);
  BenchmarkRouter router;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TableFormat& format = table_format(table, row, dtype);
    const std::string kind(table.text(row, kernel));
    auto& family = families.family(fmt::format("moe/{}/{}", kind, format.name), [&] {
      return MeasuredFamily<GroupedGemmLaw>{
          .label = {.op = "moe", .dtype = std::string(format.name), .kernel = kind},
          .source = fmt::format("moe.csv, {}, {}", kind, format.name),
          .plan = plan(format, system, !kind.ends_with("nongated")),
          .rows = {}};
    });
    const double experts = table.number(row, num_experts, 1, 65536);
    const double width = table.number(row, ep, 1, 65536);
    const RoutedLoad load =
        router.load({.tokens = static_cast<int>(table.number(row, num_tokens, 1, 1e7)),
                     .experts_per_token = static_cast<int>(table.number(row, topk, 1, 65536)),
                     .experts = static_cast<int>(experts),
                     .ep = static_cast<int>(width),
                     .distribution = checked_distribution(table, row, distribution),
                     .group_limited = kind.ends_with("min_latency")});
    family.rows.push_back(
        {.shape = {.tokens = table.number(row, num_tokens, 1),
                   .rows = load.rows,
                   .active = load.active,
                   .experts = std::max(1.0, experts / width),
                   .hidden = table.number(row, hidden, 1),
                   .intermediate = table.number(row, inter, 1) / table.number(row, tp, 1)},
         .seconds = table.number(row, latency) * 1e-6});
  }
}

/// Rank 0 of a wide expert group: the tokens that it received are known; each stays with the
/// experts of this rank for `topk / ep` pairs, at least one.
void read_wideep_moe(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows) {
  const auto op = table.column("op");
  const auto kernel = table.column("kernel");
  const auto dtype = table.column("dtype");
  const auto received = table.column("rank0_num_tokens");
  const auto num_tokens = table.column("num_tokens");
  const auto hidden = table.column("hidden");
  const auto inter = table.column("inter");
  const auto topk = table.column("topk");
  const auto slots = table.column("num_slots");
  const auto tp = table.column("tp");
  const auto ep = table.column("ep");
  const auto latency = table.column("latency_us");
  FamilyFinder<GroupedGemmLaw> families(rows);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TableFormat& format = table_format(table, row, dtype);
    const std::string kind(table.text(row, op));
    auto& family = families.family(fmt::format("{}/{}", kind, format.name), [&] {
      return MeasuredFamily<GroupedGemmLaw>{
          .label = {.op = "wideep_moe", .dtype = std::string(format.name), .kernel = kind},
          .source =
              fmt::format("wideep_moe.csv, {}, {}, {}", kind, table.text(row, kernel), format.name),
          .plan = plan(format, system, true),
          .rows = {}};
    });
    const double local = std::max(1.0, table.number(row, slots, 1) / table.number(row, ep, 1));
    const double here = table.number(row, received, 1);
    const double pairs =
        here * std::max(1.0, table.number(row, topk, 1) / table.number(row, ep, 1));
    family.rows.push_back(
        {.shape = {.tokens = table.number(row, num_tokens, 1),
                   .rows = pairs,
                   .active = std::min(pairs, local),
                   .experts = local,
                   .hidden = table.number(row, hidden, 1),
                   .intermediate = table.number(row, inter, 1) / table.number(row, tp, 1)},
         .seconds = table.number(row, latency) * 1e-6});
  }
}

}  // namespace helixsim
