#include "sim/parallel/schedule.hpp"

#include <algorithm>

#include "sim/config/config_error.hpp"
#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

/// The same kernel or exchange on a part of the requests: what it reads, computes and sends shrinks
/// in proportion.
KernelWork part_of(KernelWork work, double share) {
  work.kv_bytes *= share;
  work.flops *= share;
  return work;
}

CollectiveRequest part_of(CollectiveRequest request, double share) {
  request.payload *= share;
  request.port_bytes *= share;
  return request;
}

KernelWork empty_launch(const KernelWork& work) {
  return {.kind = work.kind, .math = work.math, .weight_bytes = {}, .kv_bytes = {}, .flops = {}};
}

}  // namespace

Schedule::Schedule(const Hardware& hardware, const ScheduleOptions& options,
                   bool overlaps_all_reduce)
    : hardware_(&hardware), overlap_all_reduce_(options.overlap_all_reduce && overlaps_all_reduce) {
  clear();
}

void Schedule::clear() {
  graph_.clear();
  compute_ = graph_.add_resource();
  communication_ = graph_.add_resource();
  joins_ = {};
  operations_.clear();
  blocks_.clear();
  block_ends_.clear();
  timeline_ = nullptr;
}

TaskId Schedule::add_task(Seconds time, ResourceId stream) {
  // Sums of so many tasks stay far from the end of engine time.
  constexpr Seconds kLongest(1000.0);
  if (!(time < kLongest))
    throw ConfigError("one operation takes longer than 1000 s: are the system's rates right?");
  return graph_.add({.latency = {}, .work = to_sim_time(time), .resource = stream});
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
  blocks_.back().busy[static_cast<std::size_t>(op.category)] += busy;
}

TaskId Schedule::add_compute(const Operation& op, const Joins& after) {
  const TaskId task = add_task(hardware_->duration(op.work), compute_);
  depend_on(after, task);
  note(op, task, graph_.duration(task), {});
  return task;
}

TaskId Schedule::add_collective(const Operation& op, const Joins& after) {
  const CollectiveCost cost = hardware_->cost(op.collective);
  const TaskId first = add_task(cost.occupancy, communication_);
  depend_on(after, first);
  TaskId last = first;
  SimTime busy = graph_.duration(first);
  if (cost.latency > Seconds()) {
    last = add_task(cost.latency, kNoResource);
    graph_.depend(first, last);
    busy += graph_.duration(last);
  }
  note(op, first, busy, cost);
  return last;
}

void Schedule::append(std::span<const Operation> operations, const HopB& hop_b, int requests) {
  blocks_.emplace_back();
  Joins before_producer = joins_;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    const bool cut = hop_b.mode != HopBMode::Off && op.kind == OperationKind::Attention &&
                     i + 1 < operations.size() && operations[i + 1].cut_by_hop_b;
    if (cut) {
      add_chunked(op, operations[i + 1], hop_b, requests);
      ++i;
    } else if (op.kind != OperationKind::Collective) {
      before_producer = joins_;
      joins_ = {{add_compute(op, joins_), kNoTask}};
    } else if (overlap_all_reduce_ && op.collective.kind == CollectiveKind::AllReduce && i > 0) {
      const TaskId producer = joins_.tasks[0];
      joins_ = {{producer, add_collective(op, before_producer)}};
    } else {
      joins_ = {{add_collective(op, joins_), kNoTask}};
    }
  }
  block_ends_.push_back(joins_);
}

void Schedule::add_chunked(const Operation& attention, const Operation& exchange, const HopB& hop_b,
                           int requests) {
  ensure(hop_b.mode != HopBMode::Best, "the best chunk count is chosen before a schedule is built");
  const int pieces = hop_b.mode == HopBMode::Chunks ? hop_b.chunks : requests;
  ensure(pieces >= 1 && pieces <= requests,
         "an attention group cannot be cut into more chunks than requests");
  attention_times_.clear();
  exchange_times_.clear();
  const auto share = [&](int index) {
    return static_cast<double>(chunk_size(requests, pieces, index)) / requests;
  };
  const CollectiveCost whole = hardware_->cost(exchange.collective);

  if (hop_b.mode == HopBMode::Chunks) {
    for (int i = 0; i < pieces; ++i) {
      attention_times_.push_back(hardware_->duration(part_of(attention.work, share(i))));
      exchange_times_.push_back(hardware_->cost(part_of(exchange.collective, share(i))).occupancy);
    }
    add_pieces(attention, exchange, attention_times_, exchange_times_, whole.latency, Seconds(),
               false);
    return;
  }
  const Seconds launch = hardware_->duration(empty_launch(attention.work));
  if (hop_b.mode == HopBMode::DeviceInitiated) {
    // One kernel of even pace; its messages carry bytes only, and one start-up and latency close
    // the exchange.
    const Seconds start_up = hardware_->cost(part_of(exchange.collective, 0.0)).occupancy;
    const Seconds bytes = whole.occupancy - start_up;
    for (int i = 0; i < pieces; ++i) {
      attention_times_.push_back(hardware_->duration(attention.work) / pieces);
      exchange_times_.push_back(bytes / pieces);
    }
    add_pieces(attention, exchange, attention_times_, exchange_times_, Seconds(),
               start_up + whole.latency, false);
    return;
  }
  // Figure 3: requests one by one in one launch, each with the figure's exchange.
  for (int i = 0; i < pieces; ++i) {
    const Seconds request = hardware_->duration(part_of(attention.work, share(i))) - launch;
    attention_times_.push_back(i == 0 ? launch + request : request);
    exchange_times_.push_back(hardware_->figure3_exchange());
  }
  add_pieces(attention, exchange, attention_times_, exchange_times_, Seconds(), Seconds(),
             hop_b.mode == HopBMode::Figure3Lockstep);
}

void Schedule::add_pieces(const Operation& attention, const Operation& exchange,
                          std::span<const Seconds> attention_times,
                          std::span<const Seconds> exchange_times, Seconds latency_each,
                          Seconds tail, bool lockstep) {
  // Ids: all attention pieces, then all exchange pieces, so that each operation has one range of
  // tasks.
  const auto pieces = static_cast<TaskId>(attention_times.size());
  const auto first = static_cast<TaskId>(graph_.task_count());
  SimTime attention_busy;
  for (TaskId i = 0; i < pieces; ++i) {
    const TaskId task = add_task(attention_times[i], compute_);
    depend_on(joins_, task);
    attention_busy += graph_.duration(task);
  }
  note(attention, first, attention_busy, {});

  const auto first_exchange = static_cast<TaskId>(graph_.task_count());
  SimTime exchange_busy;
  const auto add_exchange_task = [&](Seconds time, ResourceId stream, TaskId before) {
    const TaskId task = add_task(time, stream);
    graph_.depend(before, task);
    exchange_busy += graph_.duration(task);
    return task;
  };
  TaskId last = kNoTask;
  for (TaskId i = 0; i < pieces; ++i) {
    last = add_exchange_task(exchange_times[i], communication_, first + i);
    if (lockstep && i + 1 < pieces) graph_.depend(last, first + i + 1);
    if (latency_each > Seconds()) last = add_exchange_task(latency_each, kNoResource, last);
  }
  if (tail > Seconds()) last = add_exchange_task(tail, communication_, last);
  note(exchange, first_exchange, exchange_busy, hardware_->cost(exchange.collective));
  // Exchanges keep their order on the stream, so the last one ends last.
  joins_ = {{last, kNoTask}};
}

void Schedule::run() {
  graph_.seal();
  timeline_ = &executor_.run(graph_);
  SimTime begin;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    SimTime end = begin;
    for (const TaskId task : block_ends_[i].tasks) {
      if (task != kNoTask) end = std::max(end, timeline_->finish(task));
    }
    blocks_[i].makespan = end - begin;
    begin = end;
  }
}

int best_chunks(std::span<const Operation> attention_block, int requests, const Hardware& hardware,
                Schedule& scratch) {
  const auto exchange = std::find_if(attention_block.begin(), attention_block.end(),
                                     [](const Operation& op) { return op.cut_by_hop_b; });
  if (exchange == attention_block.end() || requests < 2) return 1;
  const Operation& attention = *(exchange - 1);

  const auto run = [&](int chunks) {
    scratch.clear();
    scratch.append(attention_block, {HopBMode::Chunks, chunks}, requests);
    scratch.run();
    return scratch.blocks()[0].makespan;
  };
  const auto times_of = [&](int size) {
    const double share = static_cast<double>(size) / requests;
    return std::pair{to_sim_time(hardware.duration(part_of(attention.work, share))),
                     to_sim_time(hardware.cost(part_of(exchange->collective, share)).occupancy)};
  };
  // What the block takes beside its two-stage pipeline of attention and exchange.
  const auto [attention_whole, exchange_whole] = times_of(requests);
  SimTime best_time = run(1);
  int best = 1;
  const SimTime around = best_time - attention_whole - exchange_whole;

  const auto consider = [&](int chunks) {
    const int small = requests / chunks;
    const int large_count = requests % chunks;
    const auto [attention_small, exchange_small] = times_of(small);
    const auto [attention_large, exchange_large] =
        large_count > 0 ? times_of(small + 1) : times_of(small);
    const SimTime attention_sum =
        attention_large * large_count + attention_small * (chunks - large_count);
    const SimTime exchange_sum =
        exchange_large * large_count + exchange_small * (chunks - large_count);
    const SimTime bound =
        around + std::max(attention_sum + exchange_small, attention_large + exchange_sum);
    if (bound > best_time || (bound == best_time && chunks > best)) return;
    const SimTime time = run(chunks);
    if (time < best_time || (time == best_time && chunks < best)) {
      best_time = time;
      best = chunks;
    }
  };
  consider(requests);
  for (int chunks = 2; chunks < requests; ++chunks) consider(chunks);
  return best;
}

}  // namespace helixsim
