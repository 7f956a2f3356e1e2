#include "sim/engine/timeline.hpp"

#include <algorithm>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

/// The task whose finish let `task` start, or kNoTask when it started at time 0 on its own.
TaskId cause_of(const TaskGraph& graph, const Timeline& timeline, TaskId task) {
  TaskId cause = kNoTask;
  for (const TaskId before : graph.predecessors(task)) {
    if (timeline.finish(before) == timeline.start(task)) cause = std::min(cause, before);
  }
  if (cause != kNoTask) return cause;
  const TaskId previous = timeline.previous_on_resource(task);
  return previous != kNoTask && timeline.finish(previous) == timeline.start(task) ? previous
                                                                                  : kNoTask;
}

TaskId first_to_finish_at(const Timeline& timeline, SimTime time) {
  TaskId task = 0;
  while (timeline.finish(task) != time) {
    ++task;
  }
  return task;
}

}  // namespace

SimTime busy_time(const TaskGraph& graph, const Timeline& timeline, ResourceId resource) {
  ensure(graph.task_count() == timeline.task_count(), "the timeline is of another graph");
  SimTime busy;
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    if (graph.resources()[task] == resource) {
      busy += timeline.finish(task) - timeline.start(task);
    }
  }
  return busy;
}

std::vector<TaskId> critical_path(const TaskGraph& graph, const Timeline& timeline) {
  ensure(graph.sealed() && graph.task_count() == timeline.task_count(),
         "the timeline is of another graph");
  std::vector<TaskId> path;
  if (graph.task_count() == 0) {
    return path;
  }
  for (TaskId task = first_to_finish_at(timeline, timeline.makespan()); task != kNoTask;
       task = cause_of(graph, timeline, task)) {
    path.push_back(task);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace helixsim
