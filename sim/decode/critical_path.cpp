#include "sim/decode/critical_path.hpp"

#include <algorithm>

#include "sim/decode/rack_step.hpp"

namespace helixsim {
namespace {

class Sums {
 public:
  void add(std::string_view name, double seconds) {
    if (seconds <= 0.0) return;
    const auto found = std::find_if(rows_.begin(), rows_.end(),
                                    [&](const CriticalOperation& row) { return row.name == name; });
    if (found == rows_.end()) {
      rows_.push_back({.name = name, .seconds = seconds, .share = 0.0});
    } else {
      found->seconds += seconds;
    }
  }

  std::vector<CriticalOperation> of(SimTime ttl) && {
    double total = 0.0;
    for (const CriticalOperation& row : rows_) total += row.seconds;
    for (CriticalOperation& row : rows_) {
      row.share = row.seconds / total;
      row.seconds = row.share * ttl.seconds().value();
    }
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const CriticalOperation& a, const CriticalOperation& b) {
                       return a.seconds > b.seconds;
                     });
    return std::move(rows_);
  }

 private:
  std::vector<CriticalOperation> rows_;  // in order of the step
};

double seconds_of(const Timeline& timeline, TaskId task) {
  return (timeline.finish(task) - timeline.start(task)).seconds().value();
}

Sums on_one_rank(const Evaluator& evaluator) {
  const Schedule& schedule = evaluator.schedule();
  const StepWeights& weights = evaluator.weights();
  Sums sums;
  for (const TaskId task : critical_path(schedule.graph(), schedule.timeline())) {
    const ScheduledOperation& op = schedule.operations()[schedule.parts()[task].operation];
    sums.add(op.operation->name,
             weights.of(kBlocksInOrder[op.block]) * seconds_of(schedule.timeline(), task));
  }
  return sums;
}

Sums on_all_ranks(const RackStep& step) {
  const RackSchedule& rack = step.schedule();
  Sums sums;
  for (const TaskId task : critical_path(rack.graph(), rack.timeline())) {
    const RackTask& origin = rack.tasks()[task];
    sums.add(rack.folded().operations()[origin.operation].operation->name,
             step.weight(task) * seconds_of(rack.timeline(), task));
  }
  return sums;
}

}  // namespace

std::vector<CriticalOperation> critical_operations(const Evaluator& evaluator, SimTime ttl) {
  const RackStep* rack = evaluator.rack();
  if (rack != nullptr && !rack->symmetric()) return on_all_ranks(*rack).of(ttl);
  return on_one_rank(evaluator).of(ttl);
}

}  // namespace helixsim
