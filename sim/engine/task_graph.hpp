#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "sim/engine/contract.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

using TaskId = std::uint32_t;
using ResourceId = std::uint32_t;
using LinkId = std::uint32_t;
using FlowId = std::uint32_t;

inline constexpr TaskId kNoTask = std::numeric_limits<TaskId>::max();
inline constexpr ResourceId kNoResource = std::numeric_limits<ResourceId>::max();

/// How tasks share an exclusive resource, which one task at a time holds from start to finish.
enum class ResourceKind : std::uint8_t {
  Exclusive,  ///< first come first served by (ready time, id)
  Stream,     ///< in order of id, as a CUDA stream runs in order of issue: each task also waits for
              ///< the one before it
};

/// One task. From its start `latency` passes, then the body takes `work`; an exclusive `resource`
/// is held from start to finish, latency included. Without a resource a task is a pure delay (or a
/// join).
struct Task {
  SimTime latency{};
  SimTime work{};
  ResourceId resource = kNoResource;
};

/// A task whose body flows over shared links. After `latency`, `work` units pass at the max-min
/// fair rate over `links` (equal weights), at most at `cap`. Work is in units of the link
/// capacities times a picosecond, so that a capacity in bytes a picosecond goes with work in bytes.
struct FlowTask {
  SimTime latency{};
  double work = 0.0;
  std::span<const LinkId> links;  ///< no link twice
  std::optional<double> cap;      ///< own limit, units a picosecond
  ResourceId resource = kNoResource;
};

/// Tasks and their dependencies, in arrays that a replay can stream.
///
/// Use: add resources, links, tasks and dependencies, seal, run; clear() begins the next graph in
/// the same memory. Ids count up from 0 in order of addition. Once the arrays have grown to the
/// size of the largest graph, neither building nor sealing allocates. The quick way to build is to
/// name a task's dependencies as it is added.
class TaskGraph {
 public:
  ResourceId add_resource(ResourceKind kind = ResourceKind::Exclusive);

  /// A link that flows share, of `capacity` units a picosecond.
  ///
  /// Errors: std::logic_error for a capacity that is not finite and positive, after seal().
  LinkId add_link(double capacity);

  /// Errors: std::logic_error for an unknown resource or dependency, for times outside
  /// [0, kTimeLimit), after seal().
  TaskId add(const Task& task) { return add(task, std::span<const TaskId>()); }
  TaskId add(const Task& task, std::initializer_list<TaskId> after) {
    return add(task, std::span(after.begin(), after.size()));
  }
  TaskId add(const Task& task, std::span<const TaskId> after);

  /// A flow without work is a task of its latency.
  ///
  /// Errors: as add; std::logic_error for an unknown or repeated link, for work that is negative or
  /// not finite, for a cap that is not finite and positive, for work that neither a link nor a cap
  /// bounds.
  TaskId add_flow(const FlowTask& flow, std::span<const TaskId> after = {});

  /// `after` becomes ready no earlier than `before` finishes. Ids may come in any order; duplicates
  /// are harmless. A cycle is found by check_graph or by running, not here.
  ///
  /// Errors: std::logic_error for an unknown task and after seal().
  void depend(TaskId before, TaskId after);

  /// Completes the arrays of dependencies. Nothing can be added until clear().
  void seal();
  /// The same without successors, which the static pass does not read.
  void seal_for_static_pass();

  /// Forgets tasks, dependencies, resources and links and keeps their memory.
  void clear();
  /// Makes room, so that building up to this size does not allocate.
  void reserve(std::size_t tasks, std::size_t dependencies);

  bool sealed() const { return sealed_; }
  bool has_successors() const { return has_successors_; }
  std::size_t task_count() const { return task_count_; }
  std::size_t dependency_count() const { return dependency_count_ + late_.size(); }
  std::size_t flow_count() const { return flows_.size(); }

  std::span<const ResourceKind> resource_kinds() const { return resource_kinds_; }
  std::span<const double> link_capacities() const { return link_capacities_; }
  std::span<const ResourceId> resources() const { return {resources_.data(), task_count_}; }

  bool is_flow(TaskId task) const { return spans_[task] < 0; }
  /// Latency and work together of a task that is no flow.
  SimTime duration(TaskId task) const { return SimTime(spans_[task]); }
  /// Per task its duration in picoseconds, or ~FlowId, which is negative, of a flow.
  std::span<const std::int64_t> spans() const { return {spans_.data(), task_count_}; }

  struct Flow {
    SimTime latency;
    double work = 0.0;
    double cap = 0.0;  ///< infinite without one
    TaskId task = kNoTask;
    std::uint32_t first_link = 0;
    std::uint32_t end_link = 0;
  };
  FlowId flow_of(TaskId task) const { return static_cast<FlowId>(~spans_[task]); }
  std::span<const Flow> flows() const { return flows_; }
  /// The links of all flows, one flow after the other: flow f has [first_link, end_link).
  std::span<const LinkId> flow_links() const { return flow_links_; }

  /// Of a sealed graph: what `task` waits for, duplicates kept; the task before it on its stream
  /// counts as a dependency.
  std::span<const TaskId> predecessors(TaskId task) const {
    return {predecessors_.data() + offsets_[task], offsets_[task + 1] - offsets_[task]};
  }
  /// Predecessors of all tasks; those of task t are [offsets()[t], offsets()[t + 1]).
  std::span<const TaskId> all_predecessors() const {
    return {predecessors_.data(), dependency_count_};
  }
  std::span<const std::uint32_t> predecessor_offsets() const {
    return {offsets_.data(), task_count_ + 1};
  }

  /// Of a graph sealed with successors: the tasks that wait for `task`, in order of id.
  std::span<const TaskId> successors(TaskId task) const {
    return {successors_.data() + successor_offsets_[task],
            successor_offsets_[task + 1] - successor_offsets_[task]};
  }

  std::span<const TaskId> all_successors() const { return {successors_.data(), dependency_count_}; }
  std::span<const std::uint32_t> successor_offsets() const {
    return {successor_offsets_.data(), task_count_ + 1};
  }

  /// Of a sealed graph: every dependency leads from a lower id to a higher one.
  bool ids_are_topological() const { return ids_are_topological_; }
  /// Whether every start is fixed by dependencies alone: no queue whose order is found at run time,
  /// nothing shared by rate.
  bool order_is_static() const {
    return ids_are_topological_ && !has_queues_ && flows_.empty() && !may_overflow();
  }
  /// The sum of all durations exceeds engine time, so that one run may.
  bool may_overflow() const { return overflow_; }

 private:
  struct Dependency {
    TaskId before;
    TaskId after;
  };

  void grow_tasks();
  void grow_dependencies(std::size_t needed);
  void append_predecessor(TaskId before);
  TaskId append(std::int64_t span, ResourceId resource, std::span<const TaskId> after);
  void merge_late_dependencies();
  void index_successors();

  std::vector<ResourceKind> resource_kinds_;
  std::vector<TaskId> stream_tails_;  // of each resource of kind Stream, its latest task
  std::vector<double> link_capacities_;

  // Arrays by task; they are longer than task_count_, so that adding is a plain store.
  std::size_t task_count_ = 0;
  std::vector<std::int64_t> spans_;
  std::vector<ResourceId> resources_;
  std::vector<std::uint32_t> offsets_;  // one more: predecessors of t end at offsets_[t + 1]
  std::size_t dependency_count_ = 0;
  std::vector<TaskId> predecessors_;

  std::vector<Dependency> late_;  // given after a later task was added
  std::vector<Flow> flows_;
  std::vector<LinkId> flow_links_;

  std::vector<std::uint32_t> successor_offsets_;
  std::vector<TaskId> successors_;
  std::vector<std::uint32_t> scratch_offsets_;
  std::vector<TaskId> scratch_predecessors_;

  std::int64_t total_ = 0;  // sum of all durations
  bool overflow_ = false;
  bool ids_are_topological_ = true;
  bool has_queues_ = false;
  bool sealed_ = false;
  bool has_successors_ = false;
};

inline void TaskGraph::append_predecessor(TaskId before) {
  if (dependency_count_ == predecessors_.size()) [[unlikely]]
    grow_dependencies(1);
  predecessors_[dependency_count_++] = before;
}

inline TaskId TaskGraph::append(std::int64_t span, ResourceId resource,
                                std::span<const TaskId> after) {
  ensure(!sealed_, "a sealed graph takes no more tasks");
  const std::size_t id = task_count_;
  if (id + 1 >= offsets_.size()) [[unlikely]]
    grow_tasks();
  spans_[id] = span;
  resources_[id] = resource;
  TaskId* stream_tail = nullptr;
  TaskId stream_before = kNoTask;
  if (resource != kNoResource) {
    ensure(resource < resource_kinds_.size(), "unknown resource");
    if (resource_kinds_[resource] == ResourceKind::Stream) {
      stream_tail = &stream_tails_[resource];
      stream_before = *stream_tail;
    }
  }
  if (dependency_count_ + after.size() + 1 > predecessors_.size()) [[unlikely]] {
    grow_dependencies(after.size() + 1);
  }
  TaskId* const end = predecessors_.data() + dependency_count_;
  std::size_t count = 0;
  for (const TaskId before : after) {
    ensure(before < id, "dependency on an unknown task");
    end[count++] = before;
    if (before == stream_before) stream_before = kNoTask;  // said already
  }
  if (stream_before != kNoTask) end[count++] = stream_before;
  if (stream_tail != nullptr) *stream_tail = static_cast<TaskId>(id);
  dependency_count_ += count;
  offsets_[id + 1] = static_cast<std::uint32_t>(dependency_count_);
  task_count_ = id + 1;
  return static_cast<TaskId>(id);
}

inline TaskId TaskGraph::add(const Task& task, std::span<const TaskId> after) {
  constexpr auto kLimit = static_cast<std::uint64_t>(kTimeLimit.picoseconds());
  const auto latency = task.latency.picoseconds();
  const auto work = task.work.picoseconds();
  ensure(static_cast<std::uint64_t>(latency) < kLimit, "latency outside [0, 2^62) ps");
  ensure(static_cast<std::uint64_t>(work) < kLimit, "work outside [0, 2^62) ps");
  const TaskId id = append(latency + work, task.resource, after);
  overflow_ |= __builtin_add_overflow(total_, latency + work, &total_);
  return id;
}

inline void TaskGraph::depend(TaskId before, TaskId after) {
  ensure(!sealed_, "a sealed graph takes no more dependencies");
  ensure(before < task_count_ && after < task_count_, "dependency on an unknown task");
  ids_are_topological_ &= before < after;
  if (after + 1 == task_count_) {
    append_predecessor(before);
    offsets_[task_count_] = static_cast<std::uint32_t>(dependency_count_);
  } else {
    late_.push_back({before, after});
  }
}

}  // namespace helixsim
