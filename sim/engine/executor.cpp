#include "sim/engine/executor.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

/// The exact sum of two times that are not negative.
SimTime checked_sum(SimTime a, SimTime b) {
  std::int64_t sum = 0;
  ensure(!__builtin_add_overflow(a.picoseconds(), b.picoseconds(), &sum), "time runs over 2^63 ps");
  return SimTime(sum);
}

}  // namespace

const Timeline& Executor::run(const TaskGraph& graph) {
  ensure(graph.sealed(), "only a sealed graph can be run");
  prepare(graph);
  std::size_t done = 0;
  do {
    admit_ready(graph);
    serve_freed(graph);
    if (!collect_ended()) {
      break;
    }
    done += ended_.size();
    end_tasks(graph);
  } while (true);
  if (done != graph.task_count()) {
    ensure(false, "deadlock: " + std::to_string(graph.task_count() - done) + " of " +
                      std::to_string(graph.task_count()) + " tasks never become ready");
  }
  return timeline_;
}

void Executor::prepare(const TaskGraph& graph) {
  const std::size_t tasks = graph.task_count();
  timeline_.reset(tasks);
  events_.clear();
  now_ = SimTime();
  ended_.clear();
  ending_next_.clear();
  ready_.clear();
  streams_.assign(graph.resource_kinds().size(), Stream());
  unmet_.assign(graph.indegrees().begin(), graph.indegrees().end());
  next_in_queue_.resize(tasks);
  ready_times_.resize(tasks);
  for (TaskId task = 0; task < tasks; ++task) {
    if (unmet_[task] == 0) {
      ready_.push_back(task);
    }
  }
}

/// Finds what ends next, at this instant or a later one; false when nothing is under way.
bool Executor::collect_ended() {
  ended_.clear();
  if (!ending_next_.empty()) {  // all events of this instant have been taken in its first round
    std::swap(ended_, ending_next_);
    return true;
  }
  if (events_.empty()) {
    return false;
  }
  now_ = events_.next_time();
  do {
    ended_.push_back(events_.pop());
  } while (!events_.empty() && events_.next_time() == now_);
  return true;
}

void Executor::end_tasks(const TaskGraph& graph) {
  ready_.clear();
  for (const TaskId task : ended_) {
    if (const ResourceId resource = graph.resources()[task]; resource != kNoResource) {
      streams_[resource].busy = false;
    }
    for (const TaskId successor : graph.successors(task)) {
      if (--unmet_[successor] == 0) {
        ready_.push_back(successor);
      }
    }
  }
}

void Executor::admit_ready(const TaskGraph& graph) {
  if (!std::is_sorted(ready_.begin(), ready_.end())) {
    std::sort(ready_.begin(), ready_.end());
  }
  for (const TaskId task : ready_) {
    const ResourceId resource = graph.resources()[task];
    if (resource == kNoResource) {
      start(graph, task, kNoTask);
      continue;
    }
    Stream& stream = streams_[resource];
    if (stream.busy || stream.queue_head != kNoTask) {
      enqueue(task, stream);
    } else {
      start_on(graph, task, stream);
    }
  }
}

void Executor::serve_freed(const TaskGraph& graph) {
  for (const TaskId task : ended_) {
    const ResourceId resource = graph.resources()[task];
    if (resource == kNoResource) {
      continue;
    }
    Stream& stream = streams_[resource];
    if (!stream.busy && stream.queue_head != kNoTask) {
      const TaskId head = stream.queue_head;
      stream.queue_head = next_in_queue_[head];
      start_on(graph, head, stream);
    }
  }
}

void Executor::start(const TaskGraph& graph, TaskId task, TaskId previous) {
  const SimTime finish = checked_sum(now_, graph.duration(task));
  timeline_.record(task, now_, finish, previous);
  if (finish == now_) {
    ending_next_.push_back(task);
  } else {
    events_.push(finish, task);
  }
}

void Executor::start_on(const TaskGraph& graph, TaskId task, Stream& stream) {
  start(graph, task, stream.last);
  stream.last = task;
  stream.busy = true;
}

/// Tasks come in order of time, and of id within a round; only a later round of the same instant
/// can bring a task that belongs before the tail.
void Executor::enqueue(TaskId task, Stream& stream) {
  ready_times_[task] = now_;
  if (stream.queue_head == kNoTask) {
    next_in_queue_[task] = kNoTask;
    stream.queue_head = stream.queue_tail = task;
    return;
  }
  if (ready_times_[stream.queue_tail] < now_ || stream.queue_tail < task) {
    next_in_queue_[task] = kNoTask;
    next_in_queue_[stream.queue_tail] = task;
    stream.queue_tail = task;
    return;
  }
  TaskId* link = &stream.queue_head;
  while (ready_times_[*link] < now_ || *link < task) {
    link = &next_in_queue_[*link];
  }
  next_in_queue_[task] = *link;
  *link = task;
}

}  // namespace helixsim
