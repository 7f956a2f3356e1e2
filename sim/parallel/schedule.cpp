#include "sim/parallel/schedule.hpp"

#include <algorithm>

#include "sim/engine/contract.hpp"
#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {
Schedule::Schedule(const Hardware& hardware, const ScheduleOptions& options,
                   bool overlaps_all_reduce)
    : hardware_(&hardware), overlap_all_reduce_(options.overlap_all_reduce && overlaps_all_reduce) {
  clear();
}

void Schedule::clear() {
  graph_.clear();
  compute_ = graph_.add_resource(ResourceKind::Stream);
  communication_ = graph_.add_resource(ResourceKind::Stream);
  joins_ = {};
  second_ = kNoTask;
  beside_ = {};
  first_stream_ = {};
  operations_.clear();
  blocks_.clear();
  block_tasks_.clear();
  parts_.clear();
  timeline_ = nullptr;
}

TaskId Schedule::add_task(SimTime time, ResourceId stream) {
  return graph_.add({.latency = {}, .work = time, .resource = stream});
}

void Schedule::depend_on(const Joins& joins, TaskId task) {
  for (const TaskId before : joins.tasks) {
    if (before != kNoTask) graph_.depend(before, task);
  }
}

void Schedule::note(const Operation& op, TaskId first, SimTime busy, const CollectiveCost& cost) {
  const auto end = static_cast<TaskId>(graph_.task_count());
  operations_.push_back({.operation = &op,
                         .block = blocks_.size() - 1,
                         .first = first,
                         .end = end,
                         .busy = busy,
                         .sent = cost.sent,
                         .algorithm = cost.algorithm});
  parts_.resize(end, {.operation = static_cast<std::uint32_t>(operations_.size() - 1)});
  blocks_.back().busy[static_cast<std::size_t>(op.category)] += busy;
}

TaskId Schedule::add_compute(const Operation& op, const Joins& after) {
  const TaskId task = add_task(compute_time(*hardware_, op), compute_);
  depend_on(after, task);
  note(op, task, graph_.duration(task), {});
  first_stream_ += graph_.duration(task);
  return task;
}

/// A kernel beside the compute stream. Its time is booked where it is waited for, as far as it is
/// longer.
TaskId Schedule::add_second(const Operation& op, const Joins& after) {
  const TaskId task = add_task(compute_time(*hardware_, op), kNoResource);
  depend_on(after, task);
  note(op, task, graph_.duration(task), {});
  blocks_.back().busy[static_cast<std::size_t>(op.category)] -= graph_.duration(task);
  beside_.add_second(graph_.duration(task), first_stream_);
  return task;
}

void Schedule::wait_for_second(const Operation& op) {
  if (second_ == kNoTask) return;
  ensure(joins_.tasks[1] == kNoTask, "a kernel waits for one task of each stream");
  joins_.tasks[1] = second_;
  second_ = kNoTask;
  blocks_.back().busy[static_cast<std::size_t>(op.category)] += beside_.join(first_stream_);
}

TaskId Schedule::add_collective(const Operation& op, const Joins& after) {
  const CollectiveCost cost = hardware_->cost(op.collective);
  const TaskId first = add_task(operation_time(cost.occupancy), communication_);
  depend_on(after, first);
  TaskId last = first;
  SimTime busy = graph_.duration(first);
  if (cost.latency > Seconds()) {
    last = add_task(operation_time(cost.latency), kNoResource);
    graph_.depend(first, last);
    busy += graph_.duration(last);
  }
  note(op, first, busy, cost);
  return last;
}

void Schedule::append(std::span<const Operation> operations, const HopB& hop_b, int requests) {
  blocks_.emplace_back();
  const auto first = static_cast<TaskId>(graph_.task_count());
  Joins before_producer = joins_;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (is_cut(operations, i, hop_b)) {
      add_pieces(op, operations[i + 1],
                 cut_by_hop_b(op, operations[i + 1], hop_b, requests, *hardware_));
      ++i;
    } else if (op.stream == KernelStream::Second) {
      second_ = add_second(op, second_ == kNoTask ? joins_ : Joins{{second_, kNoTask}});
    } else if (op.kind != OperationKind::Collective) {
      if (op.stream == KernelStream::FirstAfterSecond) wait_for_second(op);
      before_producer = joins_;
      joins_ = {{add_compute(op, joins_), kNoTask}};
    } else if (overlap_all_reduce_ && follows_its_kernel(operations, i)) {
      const TaskId producer = joins_.tasks[0];
      joins_ = {{producer, add_collective(op, before_producer)}};
    } else {
      joins_ = {{add_collective(op, joins_), kNoTask}};
    }
  }
  block_tasks_.push_back(
      {.first = first, .end = static_cast<TaskId>(graph_.task_count()), .joins = joins_.tasks});
}

void Schedule::add_pieces(const Operation& attention, const Operation& exchange,
                          const HopBPieces& pieces) {
  // Ids: all attention pieces, then all exchange pieces, so that each operation has one range of
  // tasks.
  const auto first = static_cast<TaskId>(graph_.task_count());
  for (const PieceRun& run : pieces.runs) {
    for (int i = 0; i < run.count; ++i) depend_on(joins_, add_task(run.attention, compute_));
  }
  note(attention, first, pieces.attention_busy(), {});
  TaskId piece = first;
  for (const PieceRun& run : pieces.runs) {
    for (int i = 0; i < run.count; ++i) parts_[piece++].share = run.share;
  }

  const auto first_exchange = static_cast<TaskId>(graph_.task_count());
  TaskId last = kNoTask;
  const auto add_after_last = [&](SimTime time, ResourceId stream) {
    const TaskId task = add_task(time, stream);
    graph_.depend(last, task);
    last = task;
  };
  TaskId attention_piece = first;
  for (const PieceRun& run : pieces.runs) {
    for (int i = 0; i < run.count; ++i) {
      last = attention_piece++;
      add_after_last(run.exchange, communication_);
      if (pieces.lockstep && attention_piece < first_exchange) graph_.depend(last, attention_piece);
      if (pieces.latency_each > SimTime()) add_after_last(pieces.latency_each, kNoResource);
    }
  }
  TaskId tail = kNoTask;
  if (pieces.tail > SimTime()) {
    add_after_last(pieces.tail, communication_);
    tail = last;
  }
  note(exchange, first_exchange, pieces.exchange_busy(), hardware_->cost(exchange.collective));
  for (TaskId task = first_exchange; task < parts_.size(); ++task) {
    TaskPart& part = parts_[task];
    part.share = task == tail ? 0.0 : parts_[graph_.predecessors(task).back()].share;
    part.starts_up = pieces.starts_each || task == tail;
    part.as_published = pieces.as_published;
  }
  // Exchanges keep their order on the stream, so the last one ends last.
  joins_ = {{last, kNoTask}};
}

void Schedule::run() {
  graph_.seal();
  timeline_ = &executor_.run(graph_);
  SimTime begin;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    SimTime end = begin;
    for (const TaskId task : block_tasks_[i].joins) {
      if (task != kNoTask) end = std::max(end, timeline_->finish(task));
    }
    blocks_[i].makespan = end - begin;
    begin = end;
  }
}

}  // namespace helixsim
