#pragma once

#include <cstddef>
#include <vector>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

/// When every task of one run started and finished, and whom it followed on its resource.
class Timeline {
 public:
  std::size_t task_count() const { return task_count_; }
  SimTime start(TaskId task) const { return spans_[task].start; }
  SimTime finish(TaskId task) const { return spans_[task].finish; }

  /// Finish of the last task; 0 without tasks.
  SimTime makespan() const { return makespan_; }

  /// The task that held this task's exclusive resource just before it; kNoTask for the first one,
  /// without resource, and on a stream, where it is among the task's predecessors.
  TaskId previous_on_resource(TaskId task) const {
    return previous_.empty() ? kNoTask : previous_[task];
  }

  struct Span {
    SimTime start;
    SimTime finish;
  };

  /// For executors: room for `task_count` tasks, whose spans are then filled in.
  Span* reset(std::size_t task_count) {
    task_count_ = task_count;
    if (spans_.size() < task_count) spans_.resize(task_count);
    previous_.clear();
    makespan_ = SimTime();
    return spans_.data();
  }
  /// For executors: room for previous_on_resource, kNoTask at first.
  TaskId* reset_previous() {
    previous_.assign(task_count_, kNoTask);
    return previous_.data();
  }
  void set_makespan(SimTime makespan) { makespan_ = makespan; }

 private:
  std::size_t task_count_ = 0;
  std::vector<Span> spans_;
  std::vector<TaskId> previous_;
  SimTime makespan_;
};

/// Time for which `resource` was held, latencies included.
SimTime busy_time(const TaskGraph& graph, const Timeline& timeline, ResourceId resource);

/// A chain of tasks that explains the makespan, in order of time: the first one starts at 0, each
/// next one starts at the very instant at which a predecessor or the previous task on its resource
/// finishes, and the last one finishes at the makespan. A predecessor is preferred to the resource,
/// then the smallest id. Empty without tasks. `timeline` must come from a run of this `graph`.
std::vector<TaskId> critical_path(const TaskGraph& graph, const Timeline& timeline);

}  // namespace helixsim
