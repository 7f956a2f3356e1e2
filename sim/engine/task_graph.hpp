#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/engine/contract.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

using TaskId = std::uint32_t;
using ResourceId = std::uint32_t;

inline constexpr TaskId kNoTask = std::numeric_limits<TaskId>::max();
inline constexpr ResourceId kNoResource = std::numeric_limits<ResourceId>::max();

/// How tasks share a resource.
///
/// The seam for shared (fluid) resources: a kind of its own here with a capacity in the resource
/// table, and a task that names the shared resources its body flows over. Exclusive resources stay
/// as they are.
enum class ResourceKind : std::uint8_t {
  Exclusive,  ///< one task at a time, first come first served by (ready time, id)
};

/// One task. From its start `latency` passes, then the body takes `work`; an exclusive `resource`
/// is held from start to finish, latency included. Without a resource a task is a pure delay (or a
/// join).
struct Task {
  SimTime latency{};
  SimTime work{};
  ResourceId resource = kNoResource;
};

/// Tasks and their dependencies, in arrays that a replay can stream.
///
/// Use: add resources, tasks and dependencies, seal, run; clear() begins the next graph in the same
/// memory. Ids count up from 0 in order of addition. Once the arrays have grown to the size of the
/// largest graph, neither building nor sealing allocates.
class TaskGraph {
 public:
  ResourceId add_resource(ResourceKind kind = ResourceKind::Exclusive);

  /// Errors: std::logic_error for an unknown resource, for times outside [0, kTimeLimit), after
  /// seal().
  TaskId add(const Task& task);

  /// `after` becomes ready no earlier than `before` finishes. Ids may come in any order; duplicates
  /// are harmless. A cycle is found by check_graph or by running, not here.
  ///
  /// Errors: std::logic_error for an unknown task and after seal().
  void depend(TaskId before, TaskId after);

  /// Sorts the dependencies by their first task (counting sort). Nothing can be added until
  /// clear().
  void seal();

  /// Forgets tasks, dependencies and resources and keeps their memory.
  void clear();

  bool sealed() const { return sealed_; }
  std::size_t task_count() const { return resources_.size(); }
  std::size_t dependency_count() const { return dependencies_.size(); }

  std::span<const ResourceKind> resource_kinds() const { return resource_kinds_; }
  std::span<const SimTime> latencies() const { return latencies_; }
  std::span<const SimTime> works() const { return works_; }
  std::span<const ResourceId> resources() const { return resources_; }
  SimTime duration(TaskId task) const { return latencies_[task] + works_[task]; }

  /// Of a sealed graph: per task the number of dependencies it waits for, duplicates counted.
  std::span<const std::uint32_t> indegrees() const { return indegrees_; }

  /// Of a sealed graph: the tasks that wait for `task`, in the order in which they were given.
  std::span<const TaskId> successors(TaskId task) const {
    return std::span(successors_).subspan(offsets_[task], offsets_[task + 1] - offsets_[task]);
  }

 private:
  struct Dependency {
    TaskId before;
    TaskId after;
  };

  std::vector<ResourceKind> resource_kinds_;
  std::vector<SimTime> latencies_;
  std::vector<SimTime> works_;
  std::vector<ResourceId> resources_;
  std::vector<Dependency> dependencies_;

  // Filled by seal(): successors of task t are successors_[offsets_[t]] up to offsets_[t + 1].
  std::vector<std::uint32_t> indegrees_;
  std::vector<std::uint32_t> offsets_;
  std::vector<TaskId> successors_;
  bool sealed_ = false;
};

inline TaskId TaskGraph::add(const Task& task) {
  ensure(!sealed_, "a sealed graph takes no more tasks");
  ensure(task.resource == kNoResource || task.resource < resource_kinds_.size(),
         "unknown resource");
  ensure(task.latency >= SimTime() && task.latency < kTimeLimit, "latency outside [0, 2^62) ps");
  ensure(task.work >= SimTime() && task.work < kTimeLimit, "work outside [0, 2^62) ps");
  const auto id = static_cast<TaskId>(task_count());
  ensure(id != kNoTask, "too many tasks for 32-bit ids");
  latencies_.push_back(task.latency);
  works_.push_back(task.work);
  resources_.push_back(task.resource);
  return id;
}

inline void TaskGraph::depend(TaskId before, TaskId after) {
  ensure(!sealed_, "a sealed graph takes no more dependencies");
  ensure(before < task_count() && after < task_count(), "dependency on an unknown task");
  dependencies_.push_back({before, after});
}

}  // namespace helixsim
