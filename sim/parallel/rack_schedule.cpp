#include "sim/parallel/rack_schedule.hpp"

#include <algorithm>
#include <numeric>

#include "hw_models/collectives/alpha_beta.hpp"
#include "hw_models/collectives/registry.hpp"
#include "sim/config/config_error.hpp"
#include "sim/engine/contract.hpp"
#include "sim/engine/graph_check.hpp"
#include "sim/parallel/operation_time.hpp"
#include "sim/units/draw.hpp"

namespace helixsim {
namespace {

constexpr double kPicoseconds = 1e12;  // in a second

template <typename T>
T entry_or_one(const std::vector<T>& list, int index) {
  return list.empty() ? T{1} : list[static_cast<std::size_t>(index)];
}

/// Bytes a second that a kernel reads at most under the hardware's law.
double largest_read_rate(const Hardware& hardware) {
  KernelWork nothing;
  nothing.kind = KernelKind::Attention;
  KernelWork read = nothing;
  read.kv_bytes = Bytes(1e12);
  return 1e12 / (hardware.duration(read) - hardware.duration(nothing)).value();
}

std::vector<TaskId> order_of(const TaskGraph& graph) {
  if (!graph.ids_are_topological()) return topological_order(graph);
  std::vector<TaskId> order(graph.task_count());
  std::iota(order.begin(), order.end(), TaskId{0});
  return order;
}

}  // namespace

RackSchedule::RackSchedule(const Hardware& hardware, const Schedule& folded, const Layout& layout,
                           const RankEffects& effects)
    : hardware_(&hardware),
      folded_(&folded),
      layout_(layout),
      effects_(effects),
      stage_gpus_(layout.stage_gpus()),
      order_(order_of(folded.graph())) {
  const auto ranks = static_cast<std::size_t>(layout.gpus());
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    graph_.add_resource(ResourceKind::Stream);
    graph_.add_resource(ResourceKind::Stream);
  }
  if (effects_.network == Network::Flows) add_links();
  const double tokens =
      std::accumulate(effects_.token_load.begin(), effects_.token_load.end(), 0.0);
  for (const double load : effects_.token_load) token_shares_.push_back(load / tokens);
  waits_.resize(ranks);
  joins_.assign(ranks, {kNoTask, kNoTask});
  last_exchange_.assign(ranks, kNoTask);
}

void RackSchedule::add_links() {
  routes_.emplace(hardware_->fabric(), layout_.gpus());
  std::vector<double> rates;
  for (const LinkSpec& link : hardware_->fabric().links()) {
    rates.push_back(link.capacity.value() * hardware_->link_efficiency());
  }
  for (const FailedLink& failed : effects_.failed_links) {
    rates[static_cast<std::size_t>(failed.link)] *= failed.rate;
  }
  for (const double rate : rates) graph_.add_link(rate / kPicoseconds);
  if (!effects_.share_hbm) return;
  bytes_per_picosecond_ = largest_read_rate(*hardware_) / kPicoseconds;
  for (int rank = 0; rank < layout_.gpus(); ++rank) {
    // A rank whose kernels take less than their time reads faster than the law says.
    const double faster = std::min(1.0, entry_or_one(effects_.slowdown, rank));
    graph_.add_link(bytes_per_picosecond_ / faster);
  }
}

std::optional<LinkId> RackSchedule::hbm_link(int rank) const {
  if (!effects_.share_hbm) return std::nullopt;
  return static_cast<LinkId>(hardware_->fabric().links().size() + static_cast<std::size_t>(rank));
}

BytesPerSecond RackSchedule::link_capacity(LinkId link) const {
  return BytesPerSecond(graph_.link_capacities()[link] * kPicoseconds);
}

bool RackSchedule::is_exchange_of_flows(TaskId task) const {
  return effects_.network == Network::Flows &&
         folded_->graph().resources()[tasks_[task].part] == folded_->communication_stream();
}

Bytes RackSchedule::hbm_bytes(TaskId task) const {
  const RackTask& origin = tasks_[task];
  const Operation& op = *folded_->operations()[origin.operation].operation;
  return work_of(op, folded_->parts()[origin.part].share, static_cast<int>(origin.rank))
      .hbm_bytes();
}

void RackSchedule::keep(const RackTask& task) {
  tasks_.resize(graph_.task_count(), task);
}

void RackSchedule::append(int stage, std::size_t block, int layer) {
  const ScheduledBlock& tasks = folded_->scheduled_blocks()[block];
  if (tasks.first == tasks.end) return;
  placed_.assign((tasks.end - tasks.first) * static_cast<std::size_t>(stage_gpus_), kNoTask);
  for (const TaskId folded : order_) {
    if (folded < tasks.first || folded >= tasks.end) continue;
    append_task(folded, tasks.first, stage, layer);
  }
  for (int member = 0; member < stage_gpus_; ++member) {
    const auto rank = static_cast<std::size_t>(stage_begin(stage) + member);
    Waits& waits = waits_[rank];
    waits.count = 0;
    joins_[rank] = {kNoTask, kNoTask};
    for (std::size_t i = 0; i < tasks.joins.size(); ++i) {
      if (tasks.joins[i] == kNoTask) continue;
      joins_[rank][i] = placed(tasks.joins[i], tasks.first, member);
      waits.tasks[static_cast<std::size_t>(waits.count++)] = joins_[rank][i];
    }
  }
}

void RackSchedule::hand_over(int from, int to) {
  resume(mark(from), to);
}

RackSchedule::Mark RackSchedule::mark(int stage) const {
  const auto begin = joins_.begin() + stage_begin(stage);
  return {.stage = stage, .joins = {begin, begin + stage_gpus_}};
}

void RackSchedule::resume(const Mark& mark, int to) {
  for (int member = 0; member < stage_gpus_; ++member) {
    Waits& waits = waits_[static_cast<std::size_t>(stage_begin(to) + member)];
    for (const TaskId task : mark.joins[static_cast<std::size_t>(member)]) {
      if (task == kNoTask) continue;
      ensure(waits.count < static_cast<int>(waits.tasks.size()), "a block waits for two others");
      waits.tasks[static_cast<std::size_t>(waits.count++)] = task;
    }
  }
}

/// What the folded task waits for, on one rank: in its block as placed, else what the rank waits
/// for before the block.
void RackSchedule::collect_predecessors(TaskId folded, TaskId block_first, int member, int rank) {
  const std::size_t before = after_.size();
  for (const TaskId predecessor : folded_->graph().predecessors(folded)) {
    if (predecessor >= block_first) after_.push_back(placed(predecessor, block_first, member));
  }
  if (after_.size() > before) return;
  const Waits& waits = waits_[static_cast<std::size_t>(rank)];
  after_.insert(after_.end(), waits.tasks.begin(), waits.tasks.begin() + waits.count);
}

void RackSchedule::append_task(TaskId folded, TaskId block_first, int stage, int layer) {
  const ResourceId stream = folded_->graph().resources()[folded];
  if (stream == folded_->communication_stream()) {
    append_exchange(folded, block_first, stage, layer);
    return;
  }
  const std::uint32_t operation = folded_->parts()[folded].operation;
  const Operation& op = *folded_->operations()[operation].operation;
  for (int member = 0; member < stage_gpus_; ++member) {
    const int rank = stage_begin(stage) + member;
    after_.clear();
    collect_predecessors(folded, block_first, member, rank);
    TaskId& task = placed(folded, block_first, member);
    task = op.kind != OperationKind::Collective
               ? add_kernel(op, folded, rank, layer)
               : graph_.add({.work = folded_->graph().duration(folded)}, after_);
    keep({.rank = static_cast<std::uint32_t>(rank),
          .operation = operation,
          .part = folded,
          .layer = layer});
  }
}

KernelWork RackSchedule::work_of(const Operation& op, double share, int rank) const {
  KernelWork work = part_of(op.work, share);
  if (op.kind == OperationKind::Attention) {
    work = part_of(work, entry_or_one(effects_.attention_load, rank));
  } else if (op.work.kind == KernelKind::GroupedGemm) {
    const int ep = group_of(rank % stage_gpus_, layout_.ep_group()).position;
    work = with_load(work, entry_or_one(effects_.expert_load, ep),
                     entry_or_one(effects_.token_load, ep));
  }
  return work;
}

double RackSchedule::kernel_stretch(int rank, TaskId folded, int layer) const {
  double stretch = entry_or_one(effects_.slowdown, rank);
  if (effects_.jitter > 0.0) {
    const auto place = static_cast<std::uint64_t>(layer + 1) << 32 | folded;
    stretch *=
        1.0 + effects_.jitter * drawn(effects_.seed, static_cast<std::uint64_t>(rank), place);
  }
  return stretch;
}

/// A kernel on one rank, behind `after_`. Where HBM is shared its reads are a flow that takes as
/// long as the kernel's body when nothing else uses the rank's HBM.
TaskId RackSchedule::add_kernel(const Operation& op, TaskId folded, int rank, int layer) {
  const double share = folded_->parts()[folded].share;
  const KernelWork work = work_of(op, share, rank);
  const KernelWork even = part_of(op.work, share);
  SimTime duration = folded_->graph().duration(folded);
  if (work.hbm_bytes() != even.hbm_bytes() || work.flops != even.flops) {
    duration = operation_time(hardware_->duration(work));
  }
  const double stretch = op.host > Seconds() ? 1.0 : kernel_stretch(rank, folded, layer);
  if (stretch != 1.0) duration = operation_time(duration.seconds() * stretch);
  const ResourceId stream = op.stream == KernelStream::Second ? kNoResource : compute_stream(rank);
  if (!effects_.share_hbm || work.hbm_bytes() == Bytes()) {
    return graph_.add({.work = duration, .resource = stream}, after_);
  }
  const double fixed = hardware_->duration(empty_launch(work)) / hardware_->duration(work);
  const SimTime launch = operation_time(duration.seconds() * fixed);
  const auto body = static_cast<double>((duration - launch).picoseconds());
  const double bytes = work.hbm_bytes().value();
  const LinkId hbm = *hbm_link(rank);
  if (body < 1.0) return graph_.add({.work = duration, .resource = stream}, after_);
  return graph_.add_flow({.latency = launch,
                          .work = bytes,
                          .links = std::span(&hbm, 1),
                          .cap = bytes / body,
                          .resource = stream},
                         after_);
}

void RackSchedule::append_exchange(TaskId folded, TaskId block_first, int stage, int layer) {
  const TaskPart& part = folded_->parts()[folded];
  const CollectiveRequest& request = folded_->operations()[part.operation].operation->collective;
  const bool flows = effects_.network == Network::Flows;
  if (flows && part.as_published) {
    throw ConfigError(
        "hop_b: the exchange of figure 3 is a time, not bytes; it cannot run over --network flows");
  }
  if (request.kind == CollectiveKind::PointToPoint) {
    if (flows) {
      add_hop_flow(folded, block_first, stage, layer);
    } else {
      append_as_closed_form(folded, block_first, {.size = 1, .stride = 1, .ranks = 0}, stage,
                            layer);
    }
  } else if (flows) {
    append_as_flows(folded, block_first, request.members(), stage, layer);
  } else {
    append_as_closed_form(folded, block_first, request.members(), stage, layer);
  }
}

/// Each group begins together, once all its members have come to it, and takes the closed form's
/// time.
void RackSchedule::append_as_closed_form(TaskId folded, TaskId block_first, const Group& group,
                                         int stage, int layer) {
  const std::uint32_t operation = folded_->parts()[folded].operation;
  for (int member = 0; member < stage_gpus_; ++member) {
    const int first = stage_begin(stage) + member;
    if (group_of(first, group).position != 0) continue;
    after_.clear();
    for (int position = 0; position < group.size; ++position) {
      const int rank = first + position * group.stride;
      collect_predecessors(folded, block_first, rank - stage_begin(stage), rank);
      const TaskId last = last_exchange_[static_cast<std::size_t>(rank)];
      if (last != kNoTask) after_.push_back(last);
    }
    if (group.size > 1) {
      const TaskId join = graph_.add({}, after_);
      keep({.operation = operation, .part = folded, .layer = layer});
      after_.assign(1, join);
    }
    for (int position = 0; position < group.size; ++position) {
      const int rank = first + position * group.stride;
      const TaskId task = graph_.add(
          {.work = folded_->graph().duration(folded), .resource = communication_stream(rank)},
          after_);
      keep({.rank = static_cast<std::uint32_t>(rank),
            .operation = operation,
            .part = folded,
            .layer = layer});
      placed(folded, block_first, rank - stage_begin(stage)) = task;
      last_exchange_[static_cast<std::size_t>(rank)] = task;
    }
  }
}

void RackSchedule::append_as_flows(TaskId folded, TaskId block_first, const Group& group, int stage,
                                   int layer) {
  const TaskPart& part = folded_->parts()[folded];
  const Operation& op = *folded_->operations()[part.operation].operation;
  const CollectiveRequest request = part_of(op.collective, part.share);
  for (int member = 0; member < stage_gpus_; ++member) {
    const int first = stage_begin(stage) + member;
    if (group_of(first, group).position != 0) continue;
    GroupPlacement placement = hardware_->fabric().place(first, group);
    if (request.experts == ExpertEnd::Target) placement.target_share = token_shares_;
    if (request.experts == ExpertEnd::Source) placement.source_share = token_shares_;
    add_transfers(request, part, placement, layer, folded, block_first);
  }
}

/// One group's transfers, step by step. The communication stream of a member is held from its
/// start-up to the end of its last transfer.
void RackSchedule::add_transfers(const CollectiveRequest& request, const TaskPart& part,
                                 const GroupPlacement& placement, int layer, TaskId folded,
                                 TaskId block_first) {
  const Fabric& fabric = hardware_->fabric();
  const auto size = static_cast<std::size_t>(placement.size);
  const int stage_first = placement.gpu(0) / stage_gpus_ * stage_gpus_;
  const GroupPorts ports = fabric.ports(placement, layout_.gpus());
  const CollectiveCost closed = hardware_->closed_form(request, ports);
  const CollectiveAlgorithm& algorithm = collective_algorithm(request.kind, closed.algorithm);
  // Where a fitted law says that it takes longer than its transfers, it starts as much later.
  const Seconds longer = hardware_->cost(request, ports).total() - closed.total();
  transfers_.clear();
  if (request.payload > Bytes() || request.port_bytes > Bytes()) {
    algorithm.transfers(request, placement, transfers_);
  }
  const SimTime start_up =
      part.starts_up
          ? operation_time(std::max(hardware_->start_up(request.start_up) + longer, Seconds()))
          : SimTime();
  std::vector<TaskId> ready(size);  // by position: when it may send in this step
  for (std::size_t position = 0; position < size; ++position) {
    const int rank = placement.gpu(static_cast<int>(position));
    after_.clear();
    collect_predecessors(folded, block_first, rank - stage_first, rank);
    ready[position] =
        graph_.add({.work = start_up, .resource = communication_stream(rank)}, after_);
    keep({.rank = static_cast<std::uint32_t>(rank),
          .operation = part.operation,
          .part = folded,
          .layer = layer});
  }
  std::vector<std::vector<TaskId>> own(size);  // transfers of a step, at both their ends
  std::size_t next = 0;
  while (next < transfers_.size()) {
    const int step = transfers_[next].step;
    for (auto& list : own) list.clear();
    bool in_switch = false;
    for (; next < transfers_.size() && transfers_[next].step == step; ++next) {
      const Transfer& transfer = transfers_[next];
      const int source = placement.gpu(transfer.source);
      const int target = placement.gpu(transfer.target);
      const auto send = [&](std::span<const FabricLinkId> route) {
        const TaskId task = add_transfer(transfer.bytes, route, source, target,
                                         ready[static_cast<std::size_t>(transfer.source)],
                                         {.rank = static_cast<std::uint32_t>(source),
                                          .operation = part.operation,
                                          .part = folded,
                                          .layer = layer,
                                          .peer = static_cast<std::uint32_t>(target)});
        own[static_cast<std::size_t>(transfer.source)].push_back(task);
        if (target != source) own[static_cast<std::size_t>(transfer.target)].push_back(task);
      };
      if (!transfer.in_switch) {
        send(routes_->route(source, target));
      } else {  // what goes up is read from HBM while the sum that comes down is written to it
        const auto route = routes_->switch_route(source);
        send(route.first(route.size() - 1));
        send(route.last(1));
        in_switch = true;
      }
    }
    if (in_switch) {  // a sum is complete when every part has come
      after_.clear();
      for (const auto& list : own) after_.insert(after_.end(), list.begin(), list.end());
      const TaskId sum = graph_.add({}, after_);
      keep({.operation = part.operation, .part = folded, .layer = layer});
      for (auto& list : own) list.assign(1, sum);
    }
    const bool last = next == transfers_.size();
    for (std::size_t position = 0; position < size; ++position) {
      const int rank = placement.gpu(static_cast<int>(position));
      own[position].push_back(ready[position]);
      ready[position] =
          graph_.add({.work = last ? SimTime() : operation_time(hardware_->step())}, own[position]);
      keep({.rank = static_cast<std::uint32_t>(rank),
            .operation = part.operation,
            .part = folded,
            .layer = layer});
    }
  }
  for (std::size_t position = 0; position < size; ++position) {
    const int rank = placement.gpu(static_cast<int>(position));
    const TaskId done = graph_.add({.resource = communication_stream(rank)}, {ready[position]});
    keep({.rank = static_cast<std::uint32_t>(rank),
          .operation = part.operation,
          .part = folded,
          .layer = layer});
    placed(folded, block_first, rank - stage_first) = done;
    last_exchange_[static_cast<std::size_t>(rank)] = done;
  }
}

TaskId RackSchedule::add_transfer(Bytes bytes, std::span<const FabricLinkId> route, int source,
                                  int target, TaskId after, const RackTask& origin) {
  links_.clear();
  for (const FabricLinkId link : route) links_.push_back(static_cast<LinkId>(link));
  if (effects_.share_hbm) {
    links_.push_back(*hbm_link(source));
    if (target != source) links_.push_back(*hbm_link(target));
  }
  const SimTime latency = operation_time(hardware_->fabric().latency(source, target));
  const TaskId task = graph_.add_flow(
      {.latency = latency, .work = bytes.value(), .links = links_, .cap = std::nullopt},
      std::span(&after, 1));
  keep(origin);
  return task;
}

/// Each rank sends to its place in the next stage; the last stage to the first.
void RackSchedule::add_hop_flow(TaskId folded, TaskId block_first, int stage, int layer) {
  const TaskPart& part = folded_->parts()[folded];
  const Operation& op = *folded_->operations()[part.operation].operation;
  for (int member = 0; member < stage_gpus_; ++member) {
    const int source = stage_begin(stage) + member;
    const int target = (source + stage_gpus_) % layout_.gpus();
    after_.clear();
    collect_predecessors(folded, block_first, member, source);
    const RackTask origin{.rank = static_cast<std::uint32_t>(source),
                          .operation = part.operation,
                          .part = folded,
                          .layer = layer};
    const TaskId start =
        graph_.add({.work = operation_time(hardware_->start_up(op.collective.start_up)),
                    .resource = communication_stream(source)},
                   after_);
    keep(origin);
    RackTask of_transfer = origin;
    of_transfer.peer = static_cast<std::uint32_t>(target);
    const TaskId sent = add_transfer(op.collective.port_bytes, routes_->route(source, target),
                                     source, target, start, of_transfer);
    const TaskId done = graph_.add({.resource = communication_stream(source)}, {sent});
    keep(origin);
    placed(folded, block_first, member) = done;
    last_exchange_[static_cast<std::size_t>(source)] = done;
  }
}

const Timeline& RackSchedule::run(std::vector<LinkSample>* samples) {
  if (graph_.order_is_static()) {
    graph_.seal_for_static_pass();
    timeline_ = &executor_.run(graph_);
  } else {
    graph_.seal();
    timeline_ = samples == nullptr ? &executor_.run(graph_) : &sampler_.run(graph_, samples);
  }
  return *timeline_;
}

std::vector<SimTime> RackSchedule::ends_of(const Mark& mark) const {
  std::vector<SimTime> ends;
  for (const auto& joins : mark.joins) {
    SimTime end;
    for (const TaskId task : joins) {
      if (task != kNoTask) end = std::max(end, timeline_->finish(task));
    }
    ends.push_back(end);
  }
  return ends;
}

SimTime RackSchedule::end_of(const Mark& mark) const {
  const std::vector<SimTime> ends = ends_of(mark);
  return *std::max_element(ends.begin(), ends.end());
}

}  // namespace helixsim
