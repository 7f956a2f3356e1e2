#include "sim/sweep/validation_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/decode/memory.hpp"
#include "sim/sweep/claims.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

std::string describe(const StepReport& step) {
  return fmt::format("{} {}, batch {}, {}: {}", step.point.strategy->name,
                     to_text(step.point.layout), step.point.batch,
                     format_tokens(step.point.context), format_time(step.result.ttl.seconds()));
}

/// The operations of one step, or how those of two steps differ.
std::vector<OperationShare> operations_of(const StepReport& at, const StepReport* over) {
  std::vector<OperationShare> all;
  const auto add = [&](const StepReport& step, double sign) {
    for (const CriticalOperation& one : step.critical_path) {
      auto row = std::find_if(all.begin(), all.end(),
                              [&](const OperationShare& r) { return r.name == one.name; });
      if (row == all.end()) row = all.insert(all.end(), {std::string(one.name), 0.0, 0.0});
      row->seconds += sign * one.seconds;
    }
  };
  add(at, 1.0);
  double total = at.result.ttl.seconds().value();
  if (over != nullptr) {
    add(*over, -1.0);
    total -= over->result.ttl.seconds().value();
  }
  for (OperationShare& row : all) row.share = total == 0.0 ? 0.0 : row.seconds / total;
  std::stable_sort(all.begin(), all.end(), [](const OperationShare& a, const OperationShare& b) {
    return std::abs(a.seconds) > std::abs(b.seconds);
  });
  return all;
}

void add_warnings(const StepReport& step, std::vector<std::string>& warnings) {
  for (const std::string& line : step.warnings) {
    if (std::find(warnings.begin(), warnings.end(), line) == warnings.end())
      warnings.push_back(line);
  }
}

/// The step at a point; empty, with the reason, when it does not fit.
std::optional<StepReport> step_at(const Setup& setup, const Point& point,
                                  ValidationResult& result) {
  Evaluator evaluator(setup);
  StepReport step = report_step(evaluator, point);
  if (!step.result.feasible()) {
    result.reason =
        fmt::format("{} {}, batch {}: infeasible: {}", point.strategy->name, to_text(point.layout),
                    point.batch, explain_infeasible(step.result.memory));
    return std::nullopt;
  }
  add_warnings(step, result.warnings);
  return step;
}

void predict_from_points(const MeasuredValue& value, ValidationResult& result) {
  const auto at = step_at(*value.at->setup, value.at->point, result);
  if (!at) return;
  result.where = describe(*at);
  std::optional<StepReport> over;
  if (value.over) {
    over = step_at(*value.over->setup, value.over->point, result);
    if (!over) return;
    result.where += "; over " + describe(*over);
  }
  const StepReport* other = over ? &*over : nullptr;
  result.predicted = value.quantity->of(*at, other);
  result.operations = operations_of(*at, other);
  if (at->result.error && (other == nullptr || other->result.error)) {
    result.interval = value.quantity->interval(*result.predicted, *at, other);
  }
}

/// Ours of the claim kind that has the quantity's name, and what sets the fast ends apart.
void predict_from_search(const MeasuredValue& value, const Validation& file,
                         const StudyResult& study, ValidationResult& result) {
  Claim claim;
  claim.kind = std::string(value.quantity->name);
  claim.context = file.context;
  const ClaimOutcome outcome = evaluate_claim(claim, study).outcome;
  result.predicted = outcome.value;
  result.where = outcome.where;
  if (!outcome.value) {
    result.reason = outcome.text;
    return;
  }
  const ClaimInput ends{claim, study, 0};
  const auto baseline = step_at(file.search->setup, ends.baseline().front().point, result);
  const auto helix = step_at(file.search->setup, ends.helix().front().point, result);
  if (!baseline || !helix) return;
  result.operations = operations_of(*baseline, &*helix);
  if (value.quantity->interval != nullptr && baseline->result.error && helix->result.error) {
    result.interval = value.quantity->interval(*outcome.value, *baseline, &*helix);
  }
}

ValidationVerdict verdict_of(const ValidationResult& result) {
  if (!result.value->band) return ValidationVerdict::Reported;
  const Range<double>& band = *result.value->band;
  const bool within =
      result.predicted && *result.predicted >= band.low && *result.predicted <= band.high;
  return within ? ValidationVerdict::Within : ValidationVerdict::Miss;
}

}  // namespace

std::string_view name_of(ValidationVerdict verdict) {
  switch (verdict) {
    case ValidationVerdict::Within:
      return "within";
    case ValidationVerdict::Miss:
      return "miss";
    case ValidationVerdict::Reported:
      return "reported";
  }
  return "";
}

std::vector<ValidationResult> run_validation(const Validation& file, unsigned threads) {
  StudyResult study;
  if (file.search) {
    study.study = file.search.get();
    study.search = run_search(
        file.search->space, file.search->setup,
        {.threads = threads, .stream = nullptr, .progress = {}, .stop = nullptr, .prune = false});
  }
  std::vector<ValidationResult> results;
  for (const MeasuredValue& value : file.measured) {
    ValidationResult result;
    result.value = &value;
    if (!file.unpredicted.empty()) {
      result.reason = file.unpredicted;
    } else if (value.at) {
      predict_from_points(value, result);
    } else {
      predict_from_search(value, file, study, result);
    }
    result.verdict = verdict_of(result);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace helixsim
