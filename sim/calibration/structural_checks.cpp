#include "sim/calibration/structural_checks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <tuple>

#include "sim/calibration/anchor_law.hpp"
#include "sim/calibration/run_jobs.hpp"

namespace helixsim {
namespace {

constexpr int kFolds = 5;
constexpr double kSeenTokens = 65536.0;
constexpr double kSeenBatch = 64.0;

/// Errors of rows that no fit saw, in per cent.
struct Scores {
  std::vector<double> law;
  std::vector<double> all;
  long long unpredicted = 0;
  long long inside = 0;    ///< their 90 % interval
  bool intervals = false;  ///< were looked at

  void add(const Scores& other) {
    law.insert(law.end(), other.law.begin(), other.law.end());
    all.insert(all.end(), other.all.begin(), other.all.end());
    unpredicted += other.unpredicted;
    inside += other.inside;
    intervals = intervals || other.intervals;
  }
};

template <class Law>
Scores scores_of(const FittedLaw<Law>& fitted, MeasuredSpan<Law> rows) {
  Scores scores;
  for (const MeasuredShape<Law>& row : rows) {
    const double law = fitted.law.seconds(row.shape, false);
    const double all = fitted.seconds(row.shape, false);
    scores.law.push_back(ape_percent(law, row.seconds));
    scores.all.push_back(ape_percent(all, row.seconds));
  }
  return scores;
}

/// The scores of a check by what they are reported under, in that order.
using Key = std::tuple<int, std::string, std::string, std::string>;  // order, check, op, dtype
using Pooled = std::map<Key, Scores>;

std::vector<StructuralCheck> reported(Pooled& pooled) {
  std::vector<StructuralCheck> checks;
  for (auto& [key, scores] : pooled) {
    const auto& [order, check, op, dtype] = key;
    const auto rows = static_cast<double>(scores.all.size());
    checks.push_back({.check = check,
                      .op = op,
                      .dtype = dtype,
                      .rows = std::ssize(scores.all),
                      .unpredicted = scores.unpredicted,
                      .law_median_percent = quantile(scores.law, 0.5),
                      .law_p90_percent = quantile(scores.law, 0.9),
                      .median_percent = quantile(scores.all, 0.5),
                      .p90_percent = quantile(scores.all, 0.9),
                      .inside_percent = scores.intervals && rows > 0.0
                                            ? 100.0 * static_cast<double>(scores.inside) / rows
                                            : -1.0});
  }
  return checks;
}

/// Fits of parts of families, each of which leaves its scores in a place of its own.
class Trials {
 public:
  /// One fit to the rows that are not `held`, when there are rows of both sides.
  template <class Law, class Held>
  void add(int order, const std::string& check, const MeasuredFamily<Law>& family, Held&& held) {
    std::vector<MeasuredShape<Law>> kept;
    std::vector<MeasuredShape<Law>> scored;
    for (const auto& row : family.rows) (held(row.shape) ? scored : kept).push_back(row);
    if (kept.empty() || scored.empty()) return;
    const std::size_t place = scores_.size();
    scores_.emplace_back(Key{order, check, family.label.op, family.label.dtype}, Scores{});
    const std::size_t size = kept.size();
    jobs_.push_back(
        {.size = size,
         .name = family.label.op,
         .run = [this, place, &family, kept = std::move(kept), scored = std::move(scored)] {
           const Law choices = search_choices<Law>(family.plan, kept);
           const auto fitted = fit_with_residuals<Law>(choices, family.plan, kept);
           scores_[place].second = scores_of<Law>(fitted, scored);
         }});
  }

  Pooled run(const StructuralOptions& options) {
    const long long total = std::ssize(jobs_);
    long long done = 0;
    run_jobs(jobs_, options.threads, [&](const std::string&) {
      if (options.progress) options.progress(++done, total);
    });
    Pooled pooled;
    for (const auto& [key, scores] : scores_) pooled[key].add(scores);
    return pooled;
  }

 private:
  std::vector<Job> jobs_;
  std::vector<std::pair<Key, Scores>> scores_;
};

int fold_of_weights(const GemmShape& shape) {
  const auto n = static_cast<std::uint32_t>(shape.n);
  const auto k = static_cast<std::uint32_t>(shape.k);
  return static_cast<int>(drawn(11, n, k) * kFolds);
}

bool counts(const FamilyLabel& label, const std::string& op, const std::string& only) {
  return label.op == op && (only.empty() || only == op);
}

bool has_window(const MeasuredFamily<AttentionLaw>& family) {
  return std::any_of(family.rows.begin(), family.rows.end(),
                     [](const auto& row) { return row.shape.window > 0.0; });
}

/// Groups of 64 query heads and more run another kernel, of few measurements.
bool has_wide_groups(const MeasuredFamily<AttentionLaw>& family) {
  return std::any_of(family.rows.begin(), family.rows.end(),
                     [](const auto& row) { return row.shape.group >= 64.0; });
}

/// A moved law on rows of the GPU that it was moved to, but for those that it is then refitted to.
template <class Law>
Scores transfer_scores(FittedLaw<Law> moved, const MeasuredFamily<Law>& family,
                       const std::string& system, const TransferCheckOptions& options) {
  std::vector<MeasuredShape<Law>> anchors;
  if (options.anchors > 0) {
    for (const std::size_t row : spread_anchors<Law>(moved, family.rows, options.anchors))
      anchors.push_back(family.rows[row]);
  }
  if (!anchors.empty()) moved = with_anchors<Law>(moved, family.plan, anchors, system).fitted;
  std::vector<MeasuredShape<Law>> scored;
  for (const auto& row : family.rows) {
    const bool seen = std::any_of(anchors.begin(), anchors.end(),
                                  [&](const auto& anchor) { return anchor.shape == row.shape; });
    if (!seen) scored.push_back(row);
  }
  Scores scores = scores_of<Law>(moved, scored);
  scores.intervals = options.rules.has_value();
  for (const MeasuredShape<Law>& row : scored) {
    if (!scores.intervals) break;
    const double distance = std::abs(std::log(row.seconds / moved.seconds(row.shape, false)));
    const TimeError error = time_error(moved.provenance(row.shape), *options.rules);
    if (distance <= error.at(kNormal95)) ++scores.inside;
  }
  return scores;
}

/// Jobs that score the families of one law, each in a place of its own.
template <class Law>
void add_transfers(const FittedLaws& moved, const MeasuredRows& rows,
                   const TransferCheckOptions& options, std::vector<Job>& jobs,
                   std::deque<std::pair<Key, Scores>>& places) {
  const std::string check =
      "transfer to " + moved.system +
      (options.anchors > 0 ? ", " + std::to_string(options.anchors) + " measured there" : "");
  int order = 0;
  for (const char* op : {"gemm", "generation_attention", "generation_mla", "moe"}) {
    ++order;
    for (const auto& [name, family] : of_law<Law, MeasuredFamily>(rows.families)) {
      if (!counts(family.label, op, options.only)) continue;
      Scores& place =
          places.emplace_back(Key{order, check, op, family.label.dtype}, Scores{}).second;
      const FittedLaw<Law>* fitted = moved.find<Law>(name);
      if (fitted == nullptr) {
        place.unpredicted = std::ssize(family.rows);
        continue;
      }
      jobs.push_back({.size = family.rows.size(),
                      .name = name,
                      .run = [&moved, &options, &place, &family = family, fitted] {
                        place = transfer_scores<Law>(*fitted, family, moved.system, options);
                      }});
    }
  }
}

}  // namespace

std::vector<StructuralCheck> structural_checks(const MeasuredRows& rows,
                                               const StructuralOptions& options) {
  Trials trials;
  for (const auto& [name, family] : of_law<GemmLaw, MeasuredFamily>(rows.families)) {
    if (!counts(family.label, "gemm", options.only)) continue;
    for (int fold = 0; fold < kFolds; ++fold) {
      trials.add(0, "unseen (n, k)", family,
                 [&](const GemmShape& shape) { return fold_of_weights(shape) == fold; });
    }
  }
  for (const auto& [name, family] : of_law<AttentionLaw, MeasuredFamily>(rows.families)) {
    const bool attention = counts(family.label, "generation_attention", options.only);
    if (attention && (has_window(family) || has_wide_groups(family))) continue;
    if (attention) {
      trials.add(1, "longer context", family,
                 [](const AttentionShape& shape) { return shape.kv_tokens > kSeenTokens; });
    }
    if (attention || counts(family.label, "generation_mla", options.only)) {
      trials.add(2, "larger batch", family,
                 [](const AttentionShape& shape) { return shape.batch > kSeenBatch; });
    }
  }
  Pooled pooled = trials.run(options);
  return reported(pooled);
}

std::vector<StructuralCheck> transfer_checks(const FittedLaws& moved, const MeasuredRows& rows,
                                             const TransferCheckOptions& options) {
  std::vector<Job> jobs;
  std::deque<std::pair<Key, Scores>> places;
  for_each_law([&]<class Law>() { add_transfers<Law>(moved, rows, options, jobs, places); });
  long long done = 0;
  run_jobs(jobs, options.threads, [&](const std::string&) {
    if (options.progress) options.progress(++done, std::ssize(jobs));
  });
  Pooled pooled;
  for (const auto& [key, scores] : places) pooled[key].add(scores);
  return reported(pooled);
}

}  // namespace helixsim
