#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "sim/engine/graph_check.hpp"
#include "sim/parallel/schedule.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/parallel/step_case.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

SimTime longest_chain(const TaskGraph& graph) {
  std::vector<SimTime> start(graph.task_count());
  SimTime longest;
  for (const TaskId task : topological_order(graph)) {
    const SimTime finish = start[task] + graph.duration(task);
    longest = std::max(longest, finish);
    for (const TaskId next : graph.successors(task)) start[next] = std::max(start[next], finish);
  }
  return longest;
}

SimTime sum_of_durations(const TaskGraph& graph) {
  SimTime sum;
  for (TaskId task = 0; task < graph.task_count(); ++task) sum += graph.duration(task);
  return sum;
}

/// Whole step of a random strategy under a random HOP-B mode, on either fidelity.
struct ScheduleCase {
  explicit ScheduleCase(std::uint32_t seed, bool overlap_all_reduce)
      : random(seed),
        step(random_step(strategies()[seed % strategies().size()], random)),
        hardware(gb200_hardware(random.coin() ? "ideal" : "paper",
                                {{"fidelities.paper.collectives.kvp_exchange_latency.value",
                                  random.coin() ? "0 us" : "3 us"}})),
        blocks(step.blocks()),
        schedule(hardware, {.overlap_all_reduce = overlap_all_reduce}, true),
        requests(step.batch / step.layout.dp),
        hop_b(random.pick<HopB>({{HopBMode::Off, 1},
                                 {HopBMode::Chunks, random.between(1, requests)},
                                 {HopBMode::DeviceInitiated, 1},
                                 {HopBMode::Figure3, 1},
                                 {HopBMode::Figure3Lockstep, 1}})) {
    for (const OperationList& block : blocks) schedule.append(block, hop_b, requests);
    schedule.run();
  }

  Random random;
  StepCase step;
  Hardware hardware;
  std::vector<OperationList> blocks;
  Schedule schedule;
  int requests;
  HopB hop_b;
};

OperationList gemm_and_all_reduce(double gemm_us, double all_reduce_us) {
  return {{.name = "gemm",
           .kind = OperationKind::Gemm,
           .category = TimeCategory::Gemm,
           .work = {.kind = KernelKind::Gemm,
                    .weight_bytes = Bytes(gemm_us * 1e-6 * 8e12),
                    .kv_bytes = {},
                    .flops = {}},
           .collective = {}},
          {.name = "all_reduce",
           .kind = OperationKind::Collective,
           .category = TimeCategory::Communication,
           .work = {},
           .collective = {
               .group = 8, .payload = Bytes(all_reduce_us * 1e-6 * 9e11), .port_bytes = {}}}};
}

SimTime makespan(const OperationList& block, bool overlap_all_reduce, bool allowed = true) {
  const Hardware ideal = gb200_hardware("ideal");
  Schedule schedule(ideal, {.overlap_all_reduce = overlap_all_reduce}, allowed);
  schedule.append(block, {}, 1);
  schedule.run();
  return schedule.timeline().makespan();
}

}  // namespace

TEST_CASE("a schedule is acyclic, and runs between its longest chain and its sum",
          "[parallel][schedule][property]") {
  const auto seed = GENERATE(range(0U, 100U));
  const bool overlap = GENERATE(false, true);
  const ScheduleCase c(seed, overlap);
  CAPTURE(seed, overlap, c.step.entry->name, to_text(c.step.layout), to_text(c.hop_b), c.requests);
  const TaskGraph& graph = c.schedule.graph();
  REQUIRE_NOTHROW(check_graph(graph));
  CHECK(c.schedule.timeline().makespan() >= longest_chain(graph));
  CHECK(c.schedule.timeline().makespan() <= sum_of_durations(graph));
}

TEST_CASE("blocks follow one another without overlap and fill the step",
          "[parallel][schedule][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const bool overlap = GENERATE(false, true);
  const ScheduleCase c(seed, overlap);
  CAPTURE(seed, overlap, c.step.entry->name, to_text(c.hop_b));
  const Timeline& timeline = c.schedule.timeline();
  SimTime begin;
  std::size_t block = 0;
  std::size_t left = c.blocks[0].size();
  for (const ScheduledOperation& op : c.schedule.operations()) {
    while (left == 0) {
      begin += c.schedule.blocks()[block].makespan;
      left = c.blocks[++block].size();
    }
    --left;
    for (TaskId task = op.first; task < op.end; ++task) {
      CHECK(timeline.start(task) >= begin);
      CHECK(timeline.finish(task) <= begin + c.schedule.blocks()[block].makespan);
    }
  }
  SimTime sum;
  for (const BlockTimes& times : c.schedule.blocks()) sum += times.makespan;
  CHECK(sum == timeline.makespan());
}

TEST_CASE("every operation is scheduled once and its time is booked once",
          "[parallel][schedule][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const ScheduleCase c(seed, false);
  CAPTURE(seed, c.step.entry->name, to_text(c.hop_b));
  std::size_t operations = 0;
  for (const OperationList& block : c.blocks) operations += block.size();
  CHECK(c.schedule.operations().size() == operations);
  SimTime booked;
  for (const BlockTimes& times : c.schedule.blocks()) {
    for (const SimTime busy : times.busy) booked += busy;
  }
  // Of a shared expert on a second stream only what it is longer than the routed ones.
  SimTime beside;
  SimTime routed;
  for (const ScheduledOperation& op : c.schedule.operations()) {
    if (op.operation->stream == KernelStream::Second) beside += op.busy;
    if (op.operation->work.kind == KernelKind::GroupedGemm) routed += op.busy;
  }
  CHECK(booked == sum_of_durations(c.schedule.graph()) - std::min(beside, routed));
  TaskId next = 0;
  for (const ScheduledOperation& op : c.schedule.operations()) {
    CHECK(op.first == next);
    next = op.end;
  }
  CHECK(next == c.schedule.graph().task_count());
}

TEST_CASE("a reused schedule gives what a fresh one gives", "[parallel][schedule]") {
  const auto seed = GENERATE(range(0U, 20U));
  ScheduleCase c(seed, true);
  const SimTime fresh = c.schedule.timeline().makespan();
  const ScheduleCase other(seed + 1000, true);
  c.schedule.clear();
  for (const OperationList& block : other.blocks)
    c.schedule.append(block, other.hop_b, other.requests);
  c.schedule.run();
  c.schedule.clear();
  for (const OperationList& block : c.blocks) c.schedule.append(block, c.hop_b, c.requests);
  c.schedule.run();
  CHECK(c.schedule.timeline().makespan() == fresh);
}

TEST_CASE("an overlapped all-reduce starts with the kernel that feeds it and outlasts it",
          "[parallel][schedule]") {
  const auto us = [](double value) { return to_sim_time(Seconds(value * 1e-6)); };
  CHECK(makespan(gemm_and_all_reduce(10, 4), false) == us(14));
  CHECK(makespan(gemm_and_all_reduce(10, 4), true) == us(10));
  CHECK(makespan(gemm_and_all_reduce(3, 8), true) == us(8));
  CHECK(makespan(gemm_and_all_reduce(10, 4), true, false) == us(14));  // a strategy that exposes it
}

TEST_CASE("an overlapped all-reduce does not start before the kernel that feeds it",
          "[parallel][schedule]") {
  OperationList block{gemm_and_all_reduce(10, 1).front()};
  for (const Operation& op : gemm_and_all_reduce(3, 8)) block.push_back(op);
  CHECK(makespan(block, true) == to_sim_time(Seconds((10 + 8) * 1e-6)));
}

TEST_CASE("only the all-reduce and its own kernel overlap", "[parallel][schedule]") {
  // 10 and 4, then 3 and 8: the second kernel waits for the first all-reduce.
  OperationList block = gemm_and_all_reduce(10, 12);
  for (const Operation& op : gemm_and_all_reduce(3, 8)) block.push_back(op);
  CHECK(makespan(block, true) == to_sim_time(Seconds((12 + 8) * 1e-6)));
}

TEST_CASE("overlapping all-reduces never makes a step slower", "[parallel][schedule][property]") {
  const auto seed = GENERATE(range(0U, 40U));
  CAPTURE(seed);
  CHECK(ScheduleCase(seed, true).schedule.timeline().makespan() <=
        ScheduleCase(seed, false).schedule.timeline().makespan());
}

TEST_CASE("a schedule refuses more chunks than requests and an unresolved best",
          "[parallel][schedule]") {
  const Hardware ideal = gb200_hardware("ideal");
  Random random(1);
  const auto row = std::find_if(strategies().begin(), strategies().end(),
                                [](const StrategyEntry& entry) { return entry.hides_exchange; });
  StepCase step = random_step(*row, random);
  while (step.layout.kvp == 1) step = random_step(*row, random);
  const OperationList block = step.attention_block();
  Schedule schedule(ideal, {}, true);
  CHECK_NOTHROW(schedule.append(block, {HopBMode::Chunks, 4}, 4));
  CHECK_THROWS_AS(schedule.append(block, {HopBMode::Chunks, 5}, 4), std::logic_error);
  CHECK_THROWS_AS(schedule.append(block, {HopBMode::Best, 1}, 4), std::logic_error);
}
