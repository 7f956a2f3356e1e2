#include "sim/calibration/accuracy.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <tuple>

#include "sim/calibration/log_errors.hpp"
#include "sim/calibration/mla_module.hpp"

namespace helixsim {
namespace {

constexpr double kLongTokens = 32768.0;

/// Errors of one kind of rows, in per cent.
using Errors = std::vector<double>;

class Tally {
 public:
  /// The same row counts for its kernel and for all kernels of the op and dtype.
  void add(const FamilyLabel& label, const std::string& region, double percent) {
    errors(label.op, label.dtype, kAll, region).push_back(percent);
    if (!label.kernel.empty()) {
      errors(label.op, label.dtype, label.kernel, region).push_back(percent);
    }
  }

  [[nodiscard]] std::vector<AccuracyGroup> groups() {
    std::vector<AccuracyGroup> all;
    for (auto& [key, percents] : errors_) {
      const auto& [op, dtype, kernel_order, kernel, region_order, region] = key;
      AccuracyGroup group{.op = op, .dtype = dtype, .kernel = kernel, .region = region};
      group.rows = std::ssize(percents);
      group.mean_ape_percent = std::accumulate(percents.begin(), percents.end(), 0.0) /
                               static_cast<double>(percents.size());
      group.median_ape_percent = quantile(percents, 0.5);
      group.p90_ape_percent = quantile(percents, 0.9);
      all.push_back(std::move(group));
    }
    return all;
  }

 private:
  static constexpr const char* kAll = "all";

  Errors& errors(const std::string& op, const std::string& dtype, const std::string& kernel,
                 const std::string& region) {
    return errors_[{op, dtype, kernel == kAll ? 0 : 1, kernel, region == kAll ? 0 : 1, region}];
  }

  std::map<std::tuple<std::string, std::string, int, std::string, int, std::string>, Errors>
      errors_;
};

/// Parts of interest beside what bounds a kernel.
std::string part_of(const AttentionShape& shape) {
  return shape.kv_tokens >= kLongTokens ? "sequence >= 32k" : "";
}
std::string part_of(const CollectiveShape& shape) {
  return fmt::format("{} GPUs", shape.ranks);
}
template <class Shape>
std::string part_of(const Shape& /*shape*/) {
  return {};
}

template <class Law>
void add_family(const MeasuredFamily<Law>& family, const FittedLaw<Law>& fitted, Tally& tally,
                Accuracy& accuracy) {
  PredictedFamily& predicted = accuracy.families.emplace_back();
  predicted.label = family.label;
  for (const MeasuredShape<Law>& row : family.rows) {
    const LawTerms terms = fitted.law.terms(row.shape, false);
    const double time = terms.total * std::exp(fitted.log_factor(row.shape));
    const double percent = ape_percent(time, row.seconds);
    predicted.rows.push_back(
        {.measured = row.seconds, .predicted = time, .region = terms.region()});
    tally.add(family.label, "all", percent);
    tally.add(family.label, std::string(name_of(terms.region())), percent);
    if (const std::string part = part_of(row.shape); !part.empty()) {
      tally.add(family.label, part, percent);
    }
  }
}

template <class Law>
void add_families(const MeasuredRows& rows, const FittedLaws& laws, Tally& tally,
                  Accuracy& accuracy, std::vector<UnpredictedRows>& unpredicted) {
  for (const auto& [name, family] : of_law<Law, MeasuredFamily>(rows.families)) {
    if (const FittedLaw<Law>* fitted = laws.find<Law>(name)) {
      add_family(family, *fitted, tally, accuracy);
    } else {
      unpredicted.push_back({.label = family.label,
                             .reason = "no law was fitted for " + name,
                             .rows = std::ssize(family.rows)});
    }
  }
}

void add_modules(const MeasuredRows& rows, const FittedLaws& laws, Tally& tally, Accuracy& accuracy,
                 std::vector<UnpredictedRows>& unpredicted) {
  for (const ModuleRows& module : rows.modules) {
    const FamilyLabel label{.op = "mla_generation_module",
                            .dtype = module.gemm_dtype,
                            .kernel = "KV " + module.kv_dtype};
    PredictedFamily predicted{.label = label, .rows = {}};
    long long none = 0;
    for (const ModuleRow& row : module.rows) {
      const auto time = mla_module_seconds(laws, module.gemm_dtype, module.kv_dtype, row);
      if (!time) {
        ++none;
        continue;
      }
      const double percent = ape_percent(*time, row.seconds);
      predicted.rows.push_back(
          {.measured = row.seconds, .predicted = *time, .region = Region::Latency});
      tally.add(label, "all", percent);
      if (row.cached_tokens >= kLongTokens) tally.add(label, "sequence >= 32k", percent);
    }
    if (none > 0) {
      unpredicted.push_back(
          {.label = label, .reason = "a kernel of the block has no law", .rows = none});
    }
    accuracy.families.push_back(std::move(predicted));
  }
}

}  // namespace

Accuracy accuracy_of(const MeasuredRows& rows, const FittedLaws& laws) {
  Accuracy accuracy;
  Tally tally;
  std::vector<UnpredictedRows> unpredicted = rows.unpredicted;
  for_each_law([&]<class Law>() { add_families<Law>(rows, laws, tally, accuracy, unpredicted); });
  add_modules(rows, laws, tally, accuracy, unpredicted);
  accuracy.groups = tally.groups();
  for (const UnpredictedRows& none : unpredicted) {
    accuracy.groups.push_back({.op = none.label.op,
                               .dtype = none.label.dtype,
                               .kernel = none.label.kernel.empty() ? "all" : none.label.kernel,
                               .region = "all",
                               .rows = 0,
                               .unpredicted = none.rows,
                               .reason = none.reason});
  }
  return accuracy;
}

}  // namespace helixsim
