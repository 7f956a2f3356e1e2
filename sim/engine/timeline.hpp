#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

/// When every task of one run started and finished, and whom it followed on its resource.
class Timeline {
 public:
  std::size_t task_count() const { return entries_.size(); }
  SimTime start(TaskId task) const { return entries_[task].start; }
  SimTime finish(TaskId task) const { return entries_[task].finish; }

  /// Finish of the last task; 0 without tasks.
  SimTime makespan() const { return makespan_; }

  /// The task that held this task's resource just before it; kNoTask for the first one and without
  /// resource.
  TaskId previous_on_resource(TaskId task) const { return entries_[task].previous; }

  /// For the executor: makes room for `task_count` tasks, then each is recorded once.
  void reset(std::size_t task_count) {
    entries_.resize(task_count);
    makespan_ = SimTime();
  }
  void record(TaskId task, SimTime start, SimTime finish, TaskId previous) {
    entries_[task] = {start, finish, previous};
    makespan_ = std::max(makespan_, finish);
  }

 private:
  struct Entry {
    SimTime start;
    SimTime finish;
    TaskId previous = kNoTask;
  };

  std::vector<Entry> entries_;
  SimTime makespan_;
};

/// Time for which `resource` was held, latencies included.
SimTime busy_time(const TaskGraph& graph, const Timeline& timeline, ResourceId resource);

/// A chain of tasks that explains the makespan, in order of time: the first one starts at 0, each
/// next one starts at the very instant at which a dependency or the previous task on its resource
/// finishes, and the last one finishes at the makespan. A dependency is preferred to the resource,
/// then the smallest id. Empty without tasks. `timeline` must come from a run of this `graph`.
std::vector<TaskId> critical_path(const TaskGraph& graph, const Timeline& timeline);

}  // namespace helixsim
