#include "sim/calibration/datasets/records.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "hw_models/laws/attention_kernels.hpp"
#include "hw_models/laws/split_plan.hpp"
#include "sim/calibration/datasets/own_kernels.hpp"
#include "sim/calibration/log_errors.hpp"
#include "sim/calibration/mla_module.hpp"

namespace helixsim {
namespace {

bool counts(const MeasuredRecord& record) {
  return record.check.ok && !record.suspect && !record.standin && record.timing.median_us > 0.0 &&
         record.key.mode == "graph_cold";
}

/// One row for each shape, with the median of its times: a shape that is both fitted to and kept
/// out would judge the fit by what it has seen.
template <class Law>
void merge_repeated(std::vector<MeasuredShape<Law>>& rows) {
  std::vector<MeasuredShape<Law>> merged;
  std::vector<std::vector<double>> times;
  for (const MeasuredShape<Law>& row : rows) {
    const auto known = std::find_if(merged.begin(), merged.end(),
                                    [&](const auto& one) { return one.shape == row.shape; });
    const auto place = static_cast<std::size_t>(known - merged.begin());
    if (known == merged.end()) {
      merged.push_back(row);
      times.emplace_back();
    }
    times[place].push_back(row.seconds);
  }
  for (std::size_t i = 0; i < merged.size(); ++i) merged[i].seconds = quantile(times[i], 0.5);
  rows = std::move(merged);
}

/// Whether the record was launched with the splits that the law of its family would take, over a
/// cache that lies in one piece.
bool as_planned(const MeasuredRecord& record, const AttentionLaw& law,
                const AttentionShape& shape) {
  if (shape_number(record, "page") != 0.0) return false;
  const double items = shape.batch * shape.kv_heads * std::ceil(shape.group / law.tile_heads);
  const double parts = std::ceil(shape.kv_tokens / law.split_tokens);
  const double most = std::min(static_cast<double>(law.max_splits), parts);
  return shape_number(record, "split") == split_plan(items, most, law.gpu.multiprocessors).splits;
}

class Rows {
 public:
  explicit Rows(const System& system) : system_{system} {}

  /// Whether a law is for the record's kernel.
  bool add(const MeasuredRecord& record) {
    if (record.key.kernel == "gqa_decode") return add_gqa(record);
    if (record.key.kernel == "mla_decode") return add_mla(record);
    const bool own = add_own_kernel(record, system_, rows_);
    if (record.key.kernel == "gemm") return add_gemm(record);
    return own;
  }
  MeasuredRows take() {
    add_fastest_mlas();
    add_fastest_gemms();
    for_each_law([&]<class Law>() {
      for (auto& [name, family] : of_law<Law, MeasuredFamily>(rows_.families))
        merge_repeated<Law>(family.rows);
    });
    return std::move(rows_);
  }

 private:
  bool add_gqa(const MeasuredRecord& record) {
    const TableFormat* kv = record_format(record, "kv");
    if (kv == nullptr) return false;
    const AttentionShape shape{.batch = shape_number(record, "b"),
                               .kv_tokens = shape_number(record, "s"),
                               .kv_heads = shape_number(record, "kvh"),
                               .group = shape_number(record, "g"),
                               .head_size = 128};
    return add_attention(record, shape, *kv, own_gqa_plan(*kv, system_));
  }
  /// Kept until all are known: of the bodies of the kernel the fastest would be run.
  bool add_mla(const MeasuredRecord& record) {
    const TableFormat* kv = record_format(record, "kv");
    if (kv == nullptr) return false;
    const auto key =
        std::tuple(std::string(kv->name), shape_number(record, "b"), shape_number(record, "s"),
                   shape_number(record, "h"), shape_number(record, "split"));
    const auto [place, fresh] = mlas_.try_emplace(key, record);
    if (!fresh && record_seconds(record) < record_seconds(place->second)) place->second = record;
    return true;
  }
  void add_fastest_mlas() {
    for (const auto& [key, record] : mlas_) {
      const TableFormat& kv = *record_format(record, "kv");
      const double heads = shape_number(record, "h");
      const AttentionShape shape =
          mla_shape(shape_number(record, "b"), shape_number(record, "s"), heads);
      add_attention(record, shape, kv, own_mla_plan(kv, heads, system_));
    }
  }
  bool add_attention(const MeasuredRecord& record, const AttentionShape& shape,
                     const TableFormat& kv, LawPlan<AttentionLaw> plan) {
    if (!as_planned(record, plan.start, shape))
      return true;  // measured for the cost of splits or pages
    const AttentionKernels kernels = attention_kernels(shape);
    FamilyFinder<AttentionLaw> families(rows_);
    auto& family = families.family(attention_family(kernels, kv.name), [&] {
      return MeasuredFamily<AttentionLaw>{.label = {.op = record.key.kernel,
                                                    .dtype = std::string(kv.name),
                                                    .kernel = std::string(name_of(kernels))},
                                          .source = "records of " + record.gpu.name + ", " +
                                                    record.key.kernel + ", " + record.key.variant,
                                          .plan = std::move(plan),
                                          .rows = {}};
    });
    family.rows.push_back({.shape = shape, .seconds = record_seconds(record)});
    return true;
  }

  /// Kept until all are known: the fastest kernel of a shape is the one that would be run.
  bool add_gemm(const MeasuredRecord& record) {
    const TableFormat* format = record_format(record, "w");
    if (format == nullptr) return false;
    const auto key = std::tuple(std::string(format->name), shape_number(record, "m"),
                                shape_number(record, "n"), shape_number(record, "k"));
    const auto [place, fresh] = gemms_.try_emplace(key, record_seconds(record));
    if (!fresh) place->second = std::min(place->second, record_seconds(record));
    gpu_ = record.gpu.name;
    return true;
  }
  void add_fastest_gemms() {
    for (const auto& [key, seconds] : gemms_) {
      const auto& [format, m, n, k] = key;
      FamilyFinder<GemmLaw> families(rows_);
      auto& family = families.family("gemm/" + format, [&, name = format] {
        MeasuredFamily<GemmLaw> one = gemm_family(*find_table_format(name), system_);
        one.plan.start.gpu.l2_bytes = 0;  // records are of cold caches
        one.source = "records of " + gpu_ + ", gemm, fastest of own and library kernels";
        return one;
      });
      family.rows.push_back({.shape = {m, n, k}, .seconds = seconds});
    }
  }

  DatasetSystem system_;
  MeasuredRows rows_;
  std::map<std::tuple<std::string, double, double, double>, double> gemms_;
  std::map<std::tuple<std::string, double, double, double, double>, MeasuredRecord> mlas_;
  std::string gpu_;
};

}  // namespace

MeasuredRows rows_of_records(std::span<const MeasuredRecord> records, const System& system) {
  Rows rows(system);
  std::map<std::string, long long> without_law;
  long long not_used = 0;
  for (const MeasuredRecord& record : records) {
    if (!counts(record)) {
      ++not_used;
    } else if (!rows.add(record)) {
      ++without_law[record.key.kernel];
    }
  }
  MeasuredRows all = rows.take();
  for (const auto& [kernel, count] : without_law)
    all.unpredicted.push_back({.label = {.op = kernel, .dtype = "all", .kernel = {}},
                               .reason = "no law is fitted to it",
                               .rows = count});
  if (not_used > 0)
    all.unpredicted.push_back({.label = {.op = "records", .dtype = "all", .kernel = {}},
                               .reason = "suspect, failed, warm or standing in",
                               .rows = not_used});
  return all;
}

void leave_out_single_rows(MeasuredRows& rows) {
  for_each_law([&]<class Law>() {
    std::erase_if(of_law<Law, MeasuredFamily>(rows.families), [&](const auto& family) {
      const auto& [name, of] = family;
      if (of.rows.size() > 1) return false;
      rows.unpredicted.push_back({.label = of.label,
                                  .reason = "a single row, too few for a law of " + name,
                                  .rows = std::ssize(of.rows)});
      return true;
    });
  });
}

double graph_gap_of(std::span<const MeasuredRecord> records) {
  std::vector<double> gaps;
  for (const MeasuredRecord& record : records) {
    if (counts(record) && record.timing.empty_us > 0.0)
      gaps.push_back(1e-6 * record.timing.empty_us);
  }
  return quantile(gaps, 0.5);
}

}  // namespace helixsim
