#include "sim/engine/task_graph.hpp"

#include <algorithm>
#include <cmath>

namespace helixsim {
namespace {

constexpr std::size_t kFirstTasks = 64;
constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();

}  // namespace

ResourceId TaskGraph::add_resource(ResourceKind kind) {
  ensure(!sealed_, "a sealed graph takes no more resources");
  const auto id = static_cast<ResourceId>(resource_kinds_.size());
  ensure(id != kNoResource, "too many resources for 32-bit ids");
  resource_kinds_.push_back(kind);
  stream_tails_.push_back(kNoTask);
  has_queues_ |= kind == ResourceKind::Exclusive;
  return id;
}

LinkId TaskGraph::add_link(double capacity) {
  ensure(!sealed_, "a sealed graph takes no more links");
  ensure(std::isfinite(capacity) && capacity > 0.0, "a link needs a finite, positive capacity");
  link_capacities_.push_back(capacity);
  return static_cast<LinkId>(link_capacities_.size() - 1);
}

TaskId TaskGraph::add_flow(const FlowTask& flow, std::span<const TaskId> after) {
  ensure(std::isfinite(flow.work) && flow.work >= 0.0, "the work of a flow is not negative");
  ensure(!flow.cap || (std::isfinite(*flow.cap) && *flow.cap > 0.0),
         "the cap of a flow is finite and positive");
  for (std::size_t i = 0; i < flow.links.size(); ++i) {
    ensure(flow.links[i] < link_capacities_.size(), "unknown link");
    const auto earlier = flow.links.first(i);
    ensure(std::find(earlier.begin(), earlier.end(), flow.links[i]) == earlier.end(),
           "a flow names a link once");
  }
  if (flow.work == 0.0) {
    return add({.latency = flow.latency, .work = {}, .resource = flow.resource}, after);
  }
  ensure(!flow.links.empty() || flow.cap, "a flow needs a link or a cap");
  ensure(flow.latency >= SimTime() && flow.latency < kTimeLimit, "latency outside [0, 2^62) ps");
  const std::size_t links = flow_links_.size() + flow.links.size();
  ensure(links < kMost, "too many links of flows for 32-bit offsets");
  // Last of all that may fail, so that a refused flow leaves nothing behind.
  const TaskId task = append(~static_cast<std::int64_t>(flows_.size()), flow.resource, after);
  const auto first = static_cast<std::uint32_t>(flow_links_.size());
  flow_links_.insert(flow_links_.end(), flow.links.begin(), flow.links.end());
  flows_.push_back({.latency = flow.latency,
                    .work = flow.work,
                    .cap = flow.cap.value_or(std::numeric_limits<double>::infinity()),
                    .task = task,
                    .first_link = first,
                    .end_link = static_cast<std::uint32_t>(links)});
  return task;
}

void TaskGraph::grow_tasks() {
  const std::size_t tasks = std::max(kFirstTasks, 2 * task_count_);
  ensure(task_count_ < kMost - 1, "too many tasks for 32-bit ids");
  reserve(tasks, 0);
}

void TaskGraph::grow_dependencies(std::size_t needed) {
  ensure(dependency_count_ + needed < kMost, "too many dependencies for 32-bit offsets");
  predecessors_.resize(
      std::max({kFirstTasks, 2 * predecessors_.size(), dependency_count_ + needed}));
}

void TaskGraph::reserve(std::size_t tasks, std::size_t dependencies) {
  if (tasks >= offsets_.size()) {
    spans_.resize(tasks);
    resources_.resize(tasks);
    offsets_.resize(tasks + 1);
  }
  if (dependencies > predecessors_.size()) predecessors_.resize(dependencies);
}

/// Puts each late dependency behind those of its task.
void TaskGraph::merge_late_dependencies() {
  if (late_.empty()) return;
  const std::size_t total = dependency_count_ + late_.size();
  ensure(total < kMost, "too many dependencies for 32-bit offsets");
  scratch_offsets_.assign(task_count_ + 1, 0);
  for (const Dependency& dependency : late_) ++scratch_offsets_[dependency.after + 1];
  std::uint32_t late_before = 0;
  for (std::size_t task = 0; task < task_count_; ++task) {
    late_before += scratch_offsets_[task + 1];
    scratch_offsets_[task + 1] = offsets_[task + 1] + late_before;
  }
  if (scratch_predecessors_.size() < total) scratch_predecessors_.resize(total);
  for (std::size_t task = 0; task < task_count_; ++task) {
    std::copy(predecessors_.begin() + offsets_[task], predecessors_.begin() + offsets_[task + 1],
              scratch_predecessors_.begin() + scratch_offsets_[task]);
  }
  // Each old offset becomes the place of the task's next late dependency.
  for (std::size_t task = 0; task < task_count_; ++task) {
    offsets_[task] = scratch_offsets_[task] + (offsets_[task + 1] - offsets_[task]);
  }
  for (const Dependency& dependency : late_) {
    scratch_predecessors_[offsets_[dependency.after]++] = dependency.before;
  }
  std::copy(scratch_offsets_.begin(), scratch_offsets_.end(), offsets_.begin());
  if (predecessors_.size() < total) predecessors_.resize(total);
  std::copy(scratch_predecessors_.begin(),
            scratch_predecessors_.begin() + static_cast<std::ptrdiff_t>(total),
            predecessors_.begin());
  dependency_count_ = total;
  late_.clear();
}

void TaskGraph::index_successors() {
  if (successor_offsets_.size() < task_count_ + 1) successor_offsets_.resize(offsets_.size());
  if (successors_.size() < dependency_count_) successors_.resize(predecessors_.size());
  std::uint32_t* const ends = successor_offsets_.data();
  std::fill(ends, ends + task_count_ + 1, 0);
  const TaskId* const predecessors = predecessors_.data();
  for (std::size_t i = 0; i < dependency_count_; ++i) ++ends[predecessors[i]];
  std::uint32_t end = 0;
  for (std::size_t task = 0; task <= task_count_; ++task) {
    end += ends[task];
    ends[task] = end;
  }
  // Each entry is the end of its task's range now; filling backwards moves it to the beginning.
  for (std::size_t task = task_count_; task-- > 0;) {
    for (std::uint32_t i = offsets_[task + 1]; i-- > offsets_[task];) {
      successors_[--ends[predecessors[i]]] = static_cast<TaskId>(task);
    }
  }
  has_successors_ = true;
}

void TaskGraph::seal_for_static_pass() {
  ensure(!sealed_, "the graph is sealed already");
  if (offsets_.empty()) grow_tasks();
  offsets_[0] = 0;
  merge_late_dependencies();
  sealed_ = true;
}

void TaskGraph::seal() {
  seal_for_static_pass();
  index_successors();
}

void TaskGraph::clear() {
  resource_kinds_.clear();
  stream_tails_.clear();
  link_capacities_.clear();
  task_count_ = 0;
  dependency_count_ = 0;
  late_.clear();
  flows_.clear();
  flow_links_.clear();
  total_ = 0;
  overflow_ = false;
  ids_are_topological_ = true;
  has_queues_ = false;
  sealed_ = false;
  has_successors_ = false;
}

}  // namespace helixsim
