#include "sim/engine/timeline.hpp"

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

/// Per task the one whose finish let it start, or kNoTask when it started at time 0 on its own.
std::vector<TaskId> find_causes(const TaskGraph& graph, const Timeline& timeline) {
  std::vector<TaskId> causes(graph.task_count(), kNoTask);
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    for (const TaskId successor : graph.successors(task)) {
      if (causes[successor] == kNoTask && timeline.finish(task) == timeline.start(successor)) {
        causes[successor] = task;
      }
    }
  }
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    const TaskId previous = timeline.previous_on_resource(task);
    if (causes[task] == kNoTask && previous != kNoTask &&
        timeline.finish(previous) == timeline.start(task)) {
      causes[task] = previous;
    }
  }
  return causes;
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
  const std::vector<TaskId> causes = find_causes(graph, timeline);
  for (TaskId task = first_to_finish_at(timeline, timeline.makespan()); task != kNoTask;
       task = causes[task]) {
    path.push_back(task);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace helixsim
