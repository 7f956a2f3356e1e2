#include <fmt/format.h>

#include "sim/calibration/datasets/dataset.hpp"
#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

enum : std::size_t { kRanks, kBytes, kLocal, kExperts };

/// Start-ups and rates differ by a factor of ten between libraries.
std::vector<CollectiveLaw> starts() {
  std::vector<CollectiveLaw> all;
  for (const double slower : {0.4, 3.0, 12.0}) {
    for (const double faster : {0.25, 1.0}) {
      CollectiveLaw start;
      for (double CollectiveLaw::*fixed :
           {&CollectiveLaw::fixed1, &CollectiveLaw::fixed2, &CollectiveLaw::fixed3}) {
        start.*fixed *= slower;
      }
      for (double CollectiveLaw::*bandwidth :
           {&CollectiveLaw::bandwidth1, &CollectiveLaw::bandwidth2, &CollectiveLaw::bandwidth3}) {
        start.*bandwidth *= faster;
      }
      all.push_back(start);
    }
  }
  return all;
}

MeasuredFamily<CollectiveLaw> family_of(FamilyLabel label, std::string source) {
  return {.label = std::move(label),
          .source = std::move(source),
          .plan = {.start = {},
                   .other_starts = starts(),
                   .choices = {{&CollectiveLaw::lines, {3, 2, 1}}},
                   // Libraries take other algorithms for groups of another size, and jump.
                   .grids = {{{.coordinate = kRanks, .gap = 0.9, .smoothness = 0.003},
                              {.coordinate = kBytes, .gap = 0.9, .smoothness = 0.03}}},
                   .tune_smoothness = true},
          .rows = {}};
}

/// Bytes that each GPU sends when a buffer's size is what nccl-tests calls "size".
double wire_bytes(std::string_view op, double bytes, double ranks) {
  const double part = (ranks - 1.0) / ranks;
  return op == "all_reduce" ? 2.0 * part * bytes : part * bytes;
}

/// Tables of a buffer's size by group and by what `kind_column` says: an operation, or whose
/// all-reduce it is. Families are named "PREFIX/KIND", their label comes from a row and its kind.
template <class Label>
void read_buffers(const CsvTable& table, MeasuredRows& rows, std::string_view kind_column,
                  const std::string& prefix, const std::string& file, Label&& label) {
  const auto kind_at = table.column(kind_column);
  const auto num_gpus = table.column("num_gpus");
  const auto bytes = table.column("bytes");
  const auto latency = table.column("latency_us");
  FamilyFinder<CollectiveLaw> families(rows);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string kind(table.text(row, kind_at));
    auto& family = families.family(prefix + "/" + kind,
                                   [&] { return family_of(label(row, kind), file + ", " + kind); });
    const double ranks = table.number(row, num_gpus, 2, 1e6);
    const std::string op = kind_column == "op" ? kind : "all_reduce";
    family.rows.push_back(
        {.shape = {.ranks = ranks,
                   .wire_bytes = wire_bytes(op, table.number(row, bytes, 0), ranks)},
         .seconds = table.number(row, latency) * 1e-6});
  }
}

}  // namespace

void read_nccl(const CsvTable& table, const DatasetSystem& /*system*/, MeasuredRows& rows) {
  read_buffers(table, rows, "op", "nccl", "nccl.csv", [](std::size_t, const std::string& kind) {
    return FamilyLabel{.op = "nccl", .dtype = "all", .kernel = kind};
  });
}

void read_custom_allreduce(const CsvTable& table, const DatasetSystem& /*system*/,
                           MeasuredRows& rows) {
  const auto dtype = table.column("dtype");
  read_buffers(table, rows, "implementation", "all_reduce", "custom_allreduce.csv",
               [&](std::size_t row, const std::string& kind) {
                 return FamilyLabel{.op = "custom_allreduce",
                                    .dtype = std::string(table.text(row, dtype)),
                                    .kernel = kind};
               });
}

void read_trtllm_alltoall(const CsvTable& table, const DatasetSystem& /*system*/,
                          MeasuredRows& rows) {
  const auto op = table.column("op");
  const auto kernel = table.column("kernel");
  const auto dtype = table.column("dtype");
  const auto num_tokens = table.column("num_tokens");
  const auto hidden = table.column("hidden");
  const auto topk = table.column("topk");
  const auto num_gpus = table.column("num_gpus");
  const auto remote = table.column("remote_bytes_per_gpu");
  const auto latency = table.column("latency_us");
  FamilyFinder<CollectiveLaw> families(rows);
  constexpr std::string_view kPrefix = "alltoall_";
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::string kind(table.text(row, op));
    if (!kind.starts_with(kPrefix)) {
      throw ConfigError(table.place(row, op) + ": expected alltoall_dispatch, _combine, " +
                        "_combine_low_precision or _prepare, got \"" + kind + "\"");
    }
    kind.erase(0, kPrefix.size());
    const std::string library(table.text(row, kernel));
    const std::string_view format = table_format(table, row, dtype).name;
    const std::string name = fmt::format("all_to_all/{}/{}/{}", kind, library, format);
    auto& family = families.family(name, [&] {
      return family_of({.op = "trtllm_alltoall",
                        .dtype = std::string(format),
                        .kernel = fmt::format("{} {}", kind, library)},
                       fmt::format("trtllm_alltoall.csv, {}, {}, {}", kind, library, format));
    });
    const double tokens = table.number(row, num_tokens, 1);
    // Prepare exchanges which expert each token goes to: four bytes a pair.
    const double sent = kind == "prepare" ? 4.0 * tokens * table.number(row, topk, 1)
                                          : table.number(row, remote, 0);
    // Tokens are packed, converted and summed in the GPU's own memory.
    const double own = kind == "prepare" ? 0.0 : 2.0 * tokens * table.number(row, hidden, 1);
    family.rows.push_back({.shape = {.ranks = table.number(row, num_gpus, 2, 1e6),
                                     .wire_bytes = sent,
                                     .local_bytes = own},
                           .seconds = table.number(row, latency) * 1e-6});
  }
}

void read_deepep_ll(const CsvTable& table, const DatasetSystem& system, MeasuredRows& rows) {
  const auto version = table.column("source_version");
  const auto nodes = table.column("node_num");
  const auto num_tokens = table.column("num_tokens");
  const auto hidden = table.column("hidden");
  const auto topk = table.column("topk");
  const auto num_experts = table.column("num_experts");
  const auto dispatch = table.column("dispatch_us");
  const auto combine = table.column("combine_us");
  FamilyFinder<CollectiveLaw> families(rows);
  const auto add = [&](std::size_t row, const std::string& kind, double element_bytes,
                       std::size_t column) {
    const std::string release(table.text(row, version));
    const std::string name = fmt::format("deepep/{}/{}", kind, release);
    auto& family = families.family(name, [&] {
      auto planned = family_of({.op = "deepep_ll", .dtype = "all", .kernel = kind + " " + release},
                               fmt::format("deepep_ll.csv, {}, version {}", kind, release));
      planned.plan.grids = {
          {{.coordinate = kBytes, .gap = 0.9}, {.coordinate = kExperts, .gap = 0.5}},
          {{.coordinate = kLocal, .gap = 0.9}, {.coordinate = kRanks, .gap = 0.9}}};
      return planned;
    });
    const double ranks =
        std::max(2.0, table.number(row, nodes, 1, 1e5) * system.system.measurements->node_gpus);
    const double own =
        table.number(row, num_tokens, 1) * table.number(row, hidden, 1) * element_bytes;
    family.rows.push_back(
        {.shape = {.ranks = ranks,
                   .wire_bytes = own * table.number(row, topk, 1) * (ranks - 1.0) / ranks,
                   .local_bytes = own,
                   .experts = std::max(1.0, table.number(row, num_experts, 1) / ranks)},
         .seconds = table.number(row, column) * 1e-6});
  };
  for (std::size_t row = 0; row < table.rows(); ++row) {
    add(row, "dispatch", 1.0, dispatch);  // FP8
    add(row, "combine", 2.0, combine);    // BF16
  }
}

}  // namespace helixsim
