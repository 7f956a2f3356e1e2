#include "sim/engine/event_executor.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/engine/contract.hpp"
#include "sim/engine/task_heap.hpp"

namespace helixsim {
namespace {

/// The exact sum of two times that are not negative.
inline SimTime checked_sum(SimTime a, SimTime b) {
  std::int64_t sum = 0;
  ensure(!__builtin_add_overflow(a.picoseconds(), b.picoseconds(), &sum), "time runs over 2^63 ps");
  return SimTime(sum);
}

}  // namespace

const Timeline& EventExecutor::run(const TaskGraph& graph, std::vector<LinkSample>* samples) {
  ensure(graph.sealed() && graph.has_successors(), "only a sealed graph can be run");
  prepare(graph, samples);
  graph.flow_count() > 0 ? replay<true>(graph) : replay<false>(graph);
  if (ended_count_ != graph.task_count()) {
    ensure(false, "deadlock: " + std::to_string(graph.task_count() - ended_count_) + " of " +
                      std::to_string(graph.task_count()) + " tasks never become ready");
  }
  timeline_.set_makespan(now_);
  return timeline_;
}

void EventExecutor::prepare(const TaskGraph& graph, std::vector<LinkSample>* samples) {
  const std::size_t tasks = graph.task_count();
  const auto kinds = graph.resource_kinds();
  const bool has_queues =
      std::find(kinds.begin(), kinds.end(), ResourceKind::Exclusive) != kinds.end();
  spans_ = timeline_.reset(tasks);
  previous_ = has_queues ? timeline_.reset_previous() : nullptr;
  successor_offsets_ = graph.successor_offsets().data();
  successors_ = graph.all_successors().data();

  now_ = SimTime();
  events_.clear();
  for (SimTime& time : recent_times_) time = SimTime();
  if (nodes_.size() < tasks) {
    nodes_.resize(tasks);
    next_.resize(tasks);
  }
  const auto offsets = graph.predecessor_offsets();
  const auto spans = graph.spans();
  const auto resources = graph.resources();
  for (TaskId task = 0; task < tasks; ++task) {
    nodes_[task] = {spans[task], kNoResource, offsets[task + 1] - offsets[task]};
  }
  if (has_queues) {
    if (ready_times_.size() < tasks) ready_times_.resize(tasks);
    for (TaskId task = 0; task < tasks; ++task) {
      const ResourceId resource = resources[task];
      if (resource != kNoResource && kinds[resource] == ResourceKind::Exclusive) {
        nodes_[task].resource = resource;
      }
    }
  }
  queues_.assign(has_queues ? kinds.size() : 0, Queue());
  touched_.clear();
  ending_.clear();
  ending_next_.clear();
  ended_count_ = 0;
  flows_ = graph.flows();
  if (!flows_.empty()) {
    fluid_.reset(graph, samples);
    in_body_.assign(flows_.size(), 0);
  }
}

template <bool kHasFlows>
void EventExecutor::replay(const TaskGraph& graph) {
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    if (nodes_[task].unmet == 0) make_ready<kHasFlows>(task);
  }
  serve<kHasFlows>();
  while (true) {
    if (!ending_next_.empty()) {
      std::swap(ending_, ending_next_);
      for (const TaskId task : ending_) end_task<kHasFlows>(task);
      ending_.clear();
    } else {
      if constexpr (kHasFlows) {
        if (!next_instant_with_flows()) break;
        for (const TaskId task : ending_) end_task<true>(task);
        ending_.clear();
      } else {
        if (events_.empty()) break;
        now_ = events_.next_time();
      }
      while (!events_.empty() && events_.next_time() == now_) {
        for (TaskId task = events_.pop(); task != kNoTask;) {
          const TaskId next = next_[task];
          end_task<kHasFlows>(task);
          task = next;
        }
      }
    }
    serve<kHasFlows>();
  }
}

/// Goes to the next instant and ends the flows that end at it; false when nothing is under way.
bool EventExecutor::next_instant_with_flows() {
  fluid_.settle(now_);
  const bool flows = fluid_.has_next();
  if (!flows && events_.empty()) return false;
  if (!flows) {
    now_ = events_.next_time();
    return true;
  }
  const SimTime flow_end = std::max(fluid_.next_time(), now_);
  const bool events_first =
      !events_.empty() && events_.next_time() <= FluidNetwork::same_instant(flow_end);
  now_ = events_first ? events_.next_time() : flow_end;
  fluid_.take_ended(now_, ending_);
  return true;
}

template <bool kHasFlows>
inline void EventExecutor::end_task(TaskId task) {
  if constexpr (kHasFlows) {
    if (nodes_[task].span < 0) {
      const auto flow = static_cast<FlowId>(~nodes_[task].span);
      if (in_body_[flow] == 0) {
        in_body_[flow] = 1;
        fluid_.begin(flow);
        return;
      }
      spans_[task].finish = now_;
    }
  }
  ++ended_count_;
  if (const ResourceId resource = nodes_[task].resource; resource != kNoResource) {
    queues_[resource].busy = false;
    touch(resource);
  }
  const TaskId* successor = successors_ + successor_offsets_[task];
  const TaskId* const end = successors_ + successor_offsets_[task + 1];
  for (; successor != end; ++successor) {
    if (--nodes_[*successor].unmet == 0) make_ready<kHasFlows>(*successor);
  }
}

template <bool kHasFlows>
inline void EventExecutor::make_ready(TaskId task) {
  if (nodes_[task].resource == kNoResource) {
    start<kHasFlows>(task);
  } else {
    enqueue(task);
    touch(nodes_[task].resource);
  }
}

template <bool kHasFlows>
inline void EventExecutor::start(TaskId task) {
  const std::int64_t span = nodes_[task].span;
  if constexpr (kHasFlows) {
    if (span < 0) {
      start_flow(task);
      return;
    }
  }
  const SimTime finish = checked_sum(now_, SimTime(span));
  spans_[task] = {now_, finish};
  if (span == 0) {
    ending_next_.push_back(task);
  } else {
    schedule_end(finish, task);
  }
}

void EventExecutor::start_flow(TaskId task) {
  const auto flow = static_cast<FlowId>(~nodes_[task].span);
  spans_[task] = {now_, now_};
  if (flows_[flow].latency == SimTime()) {
    in_body_[flow] = 1;
    fluid_.begin(flow);
  } else {
    schedule_end(checked_sum(now_, flows_[flow].latency), task);
  }
}

/// Tasks that are started together often end together: they share one event.
inline void EventExecutor::schedule_end(SimTime finish, TaskId task) {
  for (std::size_t i = 0; i < kRecent; ++i) {
    if (recent_times_[i] == finish) {
      const TaskId head = recent_heads_[i];
      next_[task] = next_[head];
      next_[head] = task;
      return;
    }
  }
  next_[task] = kNoTask;
  events_.push(finish, task);
  recent_times_[next_recent_] = finish;
  recent_heads_[next_recent_] = task;
  next_recent_ = (next_recent_ + 1) % kRecent;
}

inline void EventExecutor::touch(ResourceId resource) {
  if (queues_[resource].touched) return;
  queues_[resource].touched = true;
  touched_.push_back(resource);
}

template <bool kHasFlows>
inline void EventExecutor::serve() {
  for (const ResourceId resource : touched_) {
    Queue& queue = queues_[resource];
    queue.touched = false;
    if (queue.busy || queue.head == kNoTask) continue;
    const TaskId task = queue.head;
    queue.head = next_[task];
    if (queue.late != kNoTask) [[unlikely]]
      take_late(queue);
    queue.busy = true;
    previous_[task] = queue.last;
    queue.last = task;
    start<kHasFlows>(task);
  }
  touched_.clear();
}

/// Tasks come in order of time; within an instant one may belong before the tail, by its id.
inline void EventExecutor::enqueue(TaskId task) {
  Queue& queue = queues_[nodes_[task].resource];
  ready_times_[task] = now_;
  if (queue.head == kNoTask) {
    next_[task] = kNoTask;
    queue.head = queue.tail = task;
    return;
  }
  if (ready_times_[queue.tail] < now_ || queue.tail < task) {
    next_[task] = kNoTask;
    next_[queue.tail] = task;
    queue.tail = task;
    return;
  }
  enqueue_late(task, queue);
}

bool EventExecutor::goes_before(TaskId a, TaskId b) const {
  return std::pair(ready_times_[a], a) < std::pair(ready_times_[b], b);
}

/// Walking the list to the task's place would take the square of the tasks that are ready together.
void EventExecutor::enqueue_late(TaskId task, Queue& queue) {
  if (goes_before(task, queue.head)) {
    next_[task] = queue.head;
    queue.head = task;
    return;
  }
  const auto before = [this](TaskId a, TaskId b) { return goes_before(a, b); };
  queue.late = TaskHeap(previous_, next_.data(), before).push(queue.late, task);
}

/// Moves the first task of the heap to the list when it is the head of the queue.
void EventExecutor::take_late(Queue& queue) {
  const TaskId task = queue.late;
  if (queue.head != kNoTask && goes_before(queue.head, task)) return;
  const auto before = [this](TaskId a, TaskId b) { return goes_before(a, b); };
  queue.late = TaskHeap(previous_, next_.data(), before).pop(task);
  if (queue.head == kNoTask) queue.tail = task;
  next_[task] = queue.head;
  queue.head = task;
}

}  // namespace helixsim
