#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hw_models/laws/attention_kernels.hpp"
#include "sim/calibration/datasets/dataset.hpp"
#include "sim/calibration/datasets/records.hpp"
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

/// Blackwell, which has FP4 tensor cores, has a library of its own with two kinds of MLA kernels.
bool is_blackwell(const Gpu& gpu) {
  return gpu.fp4_peak > gpu.fp8_peak;
}

/// How the MLA kernels are fitted. Of Blackwell's a CTA has 64 heads above 32, else, and for low
/// latency, 16. Rows of small batches, whose CTAs all run at once, do not tell what one needs to
/// start and to end (`wave`), and would have queries and splits stand for it: queries and outputs
/// go through memory at 3.3 TB/s or faster, and a doubling of the splits takes 2 us at most.
LawPlan<AttentionLaw> mla_plan(AttentionKernels kernels, const TableFormat& kv,
                               const DatasetSystem& system) {
  LawPlan<AttentionLaw> plan{.start = start_of(kv, system),
                             .ceilings = {{&AttentionLaw::bandwidth, system.hbm()}},
                             .choices = {{&AttentionLaw::tile_heads, {16, 8, 32, 64, 128}},
                                         {&AttentionLaw::max_splits, kSplits},
                                         {&AttentionLaw::split_tokens, {512, 256, 128}}},
                             .grids = {{{.coordinate = kItems, .gap = 0.9},
                                        {.coordinate = kTokens, .gap = 0.9},
                                        {.coordinate = kGroup, .gap = 0.4}}},
                             .tune_smoothness = true};
  plan.start.sides = 1.0;
  plan.start.value_size_part = 512.0 / 576.0;
  if (!is_blackwell(system.system.gpu)) return plan;
  const bool large = kernels == AttentionKernels::Mla64 || kernels == AttentionKernels::Mla128;
  plan.start.tile_heads = large ? 64 : 16;
  plan.start.wave = 3.5e-6;
  plan.choices[0].range = {plan.start.tile_heads};
  plan.ceilings.push_back({&AttentionLaw::query, 3e-13});
  plan.ceilings.push_back({&AttentionLaw::split, 2e-6});
  return plan;
}

/// Kernels whose tiles and splits are those of the plan that they are launched by.
LawPlan<AttentionLaw> own_plan(const TableFormat& kv, double tile_heads, double most_splits,
                               int tile_tokens, const DatasetSystem& system) {
  LawPlan<AttentionLaw> plan{.start = start_of(kv, system),
                             .ceilings = {{&AttentionLaw::bandwidth, system.hbm()}},
                             .grids = {{{.coordinate = kItems, .gap = 0.9},
                                        {.coordinate = kTokens, .gap = 0.9},
                                        {.coordinate = kGroup, .gap = 0.4}}},
                             .tune_smoothness = true};
  plan.start.gpu.l2_bytes = 0;  // records are of cold caches
  plan.start.fixed = 3e-6;
  plan.start.tile_heads = static_cast<int>(tile_heads);
  plan.start.max_splits = static_cast<int>(most_splits);
  plan.start.split_tokens = tile_tokens;
  return plan;
}

}  // namespace

LawPlan<AttentionLaw> own_gqa_plan(const TableFormat& kv, const DatasetSystem& system) {
  return own_plan(kv, 16, 64, 64, system);
}

LawPlan<AttentionLaw> own_mla_plan(const TableFormat& kv, double heads,
                                   const DatasetSystem& system) {
  LawPlan<AttentionLaw> plan = own_plan(kv, std::min(heads, 64.0), 64, 32, system);
  plan.start.sides = 1.0;
  plan.start.value_size_part = 512.0 / 576.0;
  return plan;
}

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
                                            {.coordinate = kHeadSize, .gap = 0.4}}},
                                 .tune_smoothness = true};
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
    const bool low = is_blackwell(system.system.gpu) &&
                     runs_low_latency(shape, system.law_gpu().multiprocessors);
    const AttentionKernels by_heads = attention_kernels(shape);
    const AttentionKernels kernels = low ? low_latency_of(by_heads) : by_heads;
    auto& family = families.family(attention_family(kernels, kv.name), [&] {
      return MeasuredFamily<AttentionLaw>{
          .label = {.op = "generation_mla",
                    .dtype = std::string(kv.name),
                    .kernel = std::string(name_of(kernels))},
          .source = fmt::format("generation_mla.csv, {}, {}", kv.name, name_of(kernels)),
          .plan = mla_plan(kernels, kv, system),
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
