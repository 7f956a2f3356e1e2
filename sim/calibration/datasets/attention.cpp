#include <fmt/format.h>

#include <cmath>

#include "hw_models/laws/attention_kernels.hpp"
#include "sim/calibration/datasets/dataset.hpp"
#include "sim/calibration/mla_module.hpp"

namespace helixsim {
namespace {

AttentionLaw start_of(const TableFormat& kv, const DatasetSystem& system) {
  AttentionLaw start;
  start.gpu = system.law_gpu();
  start.bandwidth = 0.9 * system.hbm();
  start.kv_bytes = kv.bytes;
  start.peak = system.peak(kv.rate);
  return start;
}

enum : std::size_t { kItems, kTokens, kGroup, kHeadSize, kCached };

const std::vector<int> kSplits = {16, 8, 32, 64, 148};

}  // namespace

void read_generation_attention(const CsvTable& table, const DatasetSystem& system,
                               MeasuredRows& rows) {
  const auto kernel = table.column("kernel");
  const auto kv_dtype = table.column("kv_dtype");
  const auto batch = table.column("batch");
  const auto seq_len = table.column("seq_len");
  const auto q_heads = table.column("q_heads");
  const auto kv_heads = table.column("kv_heads");
  const auto head_dim = table.column("head_dim");
  const auto window = table.column("window_size");
  const auto latency = table.column("latency_us");
  FamilyFinder<AttentionLaw> families(rows);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TableFormat& kv = table_format(table, row, kv_dtype);
    const double heads = table.number(row, kv_heads, 1);
    const double seen = table.number(row, window, 0);
    const AttentionShape shape{.batch = table.number(row, batch, 1),
                               .kv_tokens = table.number(row, seq_len, 1),
                               .kv_heads = heads,
                               .group = table.number(row, q_heads, 1) / heads,
                               .head_size = table.number(row, head_dim, 1),
                               .window = seen};
    std::string kind(name_of(attention_kernels(shape)));
    if (seen > 0) kind += "_windowed";
    const std::string library(table.text(row, kernel));
    const std::string name =
        fmt::format("{}/{}/{}", library == "torch_flow" ? "attention" : library, kv.name, kind);
    auto& family = families.family(name, [&] {
      LawPlan<AttentionLaw> plan{.start = start_of(kv, system),
                                 .ceilings = {{&AttentionLaw::bandwidth, system.hbm()}},
                                 .choices = {{&AttentionLaw::tile_heads, {16, 1, 4, 8, 32, 64}},
                                             {&AttentionLaw::max_splits, kSplits}},
                                 .grids = {{{.coordinate = kItems, .gap = 0.9},
                                            {.coordinate = kTokens, .gap = 0.9},
                                            {.coordinate = kGroup, .gap = 0.4},
                                            {.coordinate = kHeadSize, .gap = 0.4}}}};
      if (seen > 0) {
        plan.choices.push_back({&AttentionLaw::walk_all, {0, 1}});
        plan.grids.push_back({{.coordinate = kCached, .gap = 0.9},
                              {.coordinate = kItems, .gap = 1.9},
                              {.coordinate = kHeadSize, .gap = 0.4}});
      }
      return MeasuredFamily<AttentionLaw>{
          .label = {.op = "generation_attention",
                    .dtype = std::string(kv.name),
                    .kernel = library + " " + kind},
          .source = fmt::format("generation_attention.csv, {}, {}, {}", library, kv.name, kind),
          .plan = std::move(plan),
          .rows = {}};
    });
    family.rows.push_back({.shape = shape, .seconds = table.number(row, latency) * 1e-6});
  }
}

void read_generation_mla(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows) {
  const auto kv_dtype = table.column("kv_dtype");
  const auto batch = table.column("batch");
  const auto seq_len = table.column("seq_len");
  const auto local_heads = table.column("local_heads");
  const auto latency = table.column("latency_us");
  FamilyFinder<AttentionLaw> families(rows);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TableFormat& kv = table_format(table, row, kv_dtype);
    const AttentionShape shape =
        mla_shape(table.number(row, batch, 1), table.number(row, seq_len, 1),
                  table.number(row, local_heads, 1));
    const AttentionKernels kernels = attention_kernels(shape);
    auto& family = families.family(attention_family(kernels, kv.name), [&] {
      const std::string_view most_heads =
          name_of(kernels).substr(std::string_view("heads_").size());
      AttentionLaw start = start_of(kv, system);
      start.sides = 1.0;
      start.value_size_part = 512.0 / 576.0;
      return MeasuredFamily<AttentionLaw>{
          .label = {.op = "generation_mla",
                    .dtype = std::string(kv.name),
                    .kernel = fmt::format("heads {}", most_heads)},
          .source = fmt::format("generation_mla.csv, {}, heads to {}", kv.name, most_heads),
          .plan = {.start = start,
                   .ceilings = {{&AttentionLaw::bandwidth, system.hbm()}},
                   .choices = {{&AttentionLaw::tile_heads, {16, 8, 32, 64, 128}},
                               {&AttentionLaw::max_splits, kSplits}},
                   .grids = {{{.coordinate = kItems, .gap = 0.9},
                              {.coordinate = kTokens, .gap = 0.9},
                              {.coordinate = kGroup, .gap = 0.4}}}},
          .rows = {}};
    });
    family.rows.push_back({.shape = shape, .seconds = table.number(row, latency) * 1e-6});
  }
}

void read_mla_module(const CsvTable& table, const DatasetSystem& /*system*/, MeasuredRows& rows) {
  const auto gemm_dtype = table.column("gemm_dtype");
  const auto kv_dtype = table.column("kv_dtype");
  const auto batch = table.column("batch");
  const auto seq_len = table.column("seq_len");
  const auto local_heads = table.column("local_heads");
  const auto latency = table.column("latency_us");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view gemm = table_format(table, row, gemm_dtype).name;
    const std::string_view kv = table_format(table, row, kv_dtype).name;
    ModuleRows* group = nullptr;
    for (ModuleRows& one : rows.modules) {
      if (one.gemm_dtype == gemm && one.kv_dtype == kv) group = &one;
    }
    if (group == nullptr) {
      group = &rows.modules.emplace_back(
          ModuleRows{.gemm_dtype = std::string(gemm), .kv_dtype = std::string(kv), .rows = {}});
    }
    group->rows.push_back({.batch = table.number(row, batch, 1),
                           .cached_tokens = table.number(row, seq_len, 1),
                           .local_heads = table.number(row, local_heads, 1),
                           .seconds = table.number(row, latency) * 1e-6});
  }
}

}  // namespace helixsim
