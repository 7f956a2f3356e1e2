#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/engine/event_executor.hpp"
#include "sim/engine/graph_check.hpp"
#include "tests/engine/literal_rules.hpp"
#include "tests/engine/random_graph.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

constexpr std::uint32_t kSeeds = 300;

/// Plans of every kind that has flows, `kind` of 4.
GraphPlan flow_plan(std::uint32_t seed, int kind) {
  switch (kind) {
    case 0:
      return random_flow_plan(seed, FlowTimes::Generic);
    case 1:
      return random_flow_plan(seed, FlowTimes::Tied);
    case 2:
      return all_to_all_plan(seed, 2 + seed % 5, 1 + seed % 3, true);
    default:
      return all_to_all_plan(seed, 2 + seed % 5, 1 + seed % 3, false);
  }
}

Timeline run(const GraphPlan& plan) {
  EventExecutor executor;
  return executor.run(build(plan));
}

/// Differ by less than rounding adds up to over a run: an end is off by half a picosecond, or by
/// one with the coincidence of ends.
bool nearly(SimTime a, SimTime b, std::int64_t tolerance) {
  return std::abs((a - b).picoseconds()) <= tolerance;
}

/// The shortest time that a task can take.
SimTime least_duration(const GraphPlan& plan, TaskId task) {
  const SimTime fixed = plan.tasks[task].latency + plan.tasks[task].work;
  const auto found = plan.flows.find(task);
  if (found == plan.flows.end()) return fixed;
  double rate = found->second.cap.value_or(std::numeric_limits<double>::infinity());
  for (const LinkId link : found->second.links) rate = std::min(rate, plan.links[link]);
  return fixed + SimTime(std::llround(found->second.work / rate));
}

/// A plan in which nothing depends on small differences of time.
GraphPlan without_queues(GraphPlan plan) {
  for (Task& task : plan.tasks) task.resource = kNoResource;
  return plan;
}

}  // namespace

TEST_CASE("flows run as the rules and textbook filling say", "[engine][fluid][property]") {
  const auto kind = GENERATE(range(0, 4));
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(kind, seed);
  const GraphPlan plan = flow_plan(seed, kind);
  const Timeline timeline = run(plan);
  const LiteralResult expected = run_by_literal_rules(plan);
  for (TaskId task = 0; task < plan.tasks.size(); ++task) {
    CAPTURE(task);
    CHECK(timeline.start(task) == expected.start[task]);
    CHECK(timeline.finish(task) == expected.finish[task]);
  }
}

TEST_CASE("no flow is faster than alone, and time never runs backwards",
          "[engine][fluid][property]") {
  const auto kind = GENERATE(range(0, 4));
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(kind, seed);
  const GraphPlan plan = flow_plan(seed, kind);
  const Timeline timeline = run(plan);
  for (TaskId task = 0; task < plan.tasks.size(); ++task) {
    CAPTURE(task);
    // An end may be taken up to 1 ps early, with one before it; a rate may change at each of these.
    CHECK((timeline.finish(task) - timeline.start(task)).picoseconds() >=
          std::max<std::int64_t>(least_duration(plan, task).picoseconds() - 2, 0));
    CHECK(timeline.finish(task) <= timeline.makespan());
  }
  for (const auto& [before, after] : plan.edges) {
    CHECK(timeline.start(after) >= timeline.finish(before));
  }
}

TEST_CASE("the makespan with flows lies between its bounds", "[engine][fluid][property]") {
  const auto kind = GENERATE(range(0, 4));
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(kind, seed);
  const GraphPlan plan = flow_plan(seed, kind);
  const TaskGraph graph = build(plan);
  EventExecutor executor;
  const Timeline& timeline = executor.run(graph);
  const auto slack = SimTime(static_cast<std::int64_t>(2 * plan.tasks.size()));
  std::vector<SimTime> start(plan.tasks.size());
  SimTime chain;
  SimTime sum;
  for (const TaskId task : topological_order(graph)) {
    const SimTime finish = start[task] + least_duration(plan, task);
    chain = std::max(chain, finish);
    sum += least_duration(plan, task);
    for (const TaskId next : graph.successors(task)) start[next] = std::max(start[next], finish);
  }
  CHECK(timeline.makespan() + slack >= chain);
  CHECK(timeline.makespan() <= sum + slack);
}

TEST_CASE("no link carries more than its capacity, and carries all work of its flows",
          "[engine][fluid][property]") {
  const auto kind = GENERATE(range(0, 4));
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(kind, seed);
  const GraphPlan plan = flow_plan(seed, kind);
  EventExecutor executor;
  std::vector<LinkSample> samples;
  const SimTime makespan = executor.run(build(plan), &samples).makespan();
  for (LinkId link = 0; link < plan.links.size(); ++link) {
    CAPTURE(link);
    double carried = 0.0;
    LinkSample last{.time = SimTime(), .link = link, .used = 0.0};
    for (const LinkSample& sample : samples) {
      if (sample.link != link) continue;
      REQUIRE(sample.time >= last.time);
      REQUIRE(sample.used <= plan.links[link] * (1 + 1e-9));
      REQUIRE(sample.used >= -1e-9 * plan.links[link]);
      carried += last.used * static_cast<double>((sample.time - last.time).picoseconds());
      last = sample;
    }
    CHECK(last.used == 0.0);
    CHECK(last.time <= makespan);
    double work = 0.0;
    double flows = 0.0;
    for (const auto& [task, flow] : plan.flows) {
      if (std::find(flow.links.begin(), flow.links.end(), link) == flow.links.end()) continue;
      work += flow.work;
      ++flows;
    }
    // An end is at most 1.5 ps off what the rate says.
    CHECK(std::abs(carried - work) <= 1.5 * flows * plan.links[link] + 1e-9 * work);
  }
}

TEST_CASE("a run with flows repeated is identical, with a fresh executor and with a used one",
          "[engine][fluid][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const GraphPlan plan = flow_plan(seed, static_cast<int>(seed % 4));
  const Timeline first = run(plan);
  EventExecutor used;
  used.run(build(flow_plan(seed + 1, static_cast<int>((seed + 1) % 4))));
  std::vector<LinkSample> samples;  // watching changes nothing
  for (int i = 0; i < 2; ++i) {
    const Timeline& again = used.run(build(plan), i == 0 ? nullptr : &samples);
    for (TaskId task = 0; task < plan.tasks.size(); ++task) {
      REQUIRE(again.start(task) == first.start(task));
      REQUIRE(again.finish(task) == first.finish(task));
    }
  }
}

TEST_CASE("relabelling links and tasks moves no flow by more than rounding",
          "[engine][fluid][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const GraphPlan plan = without_queues(flow_plan(seed, static_cast<int>(seed % 4)));
  GraphPlan changed = plan;
  const auto new_links = random_permutation(seed, plan.links.size());
  for (LinkId link = 0; link < plan.links.size(); ++link) {
    changed.links[new_links[link]] = plan.links[link];
  }
  for (auto& [task, flow] : changed.flows) {
    for (LinkId& link : flow.links) link = new_links[link];
    std::reverse(flow.links.begin(), flow.links.end());
  }
  const auto new_ids = random_permutation(seed + 1, plan.tasks.size());
  const Timeline original = run(plan);
  const Timeline moved = run(relabelled(changed, new_ids));
  for (TaskId task = 0; task < plan.tasks.size(); ++task) {
    CHECK(nearly(moved.start(new_ids[task]), original.start(task), 8));
    CHECK(nearly(moved.finish(new_ids[task]), original.finish(task), 8));
  }
}

TEST_CASE("twice the capacity halves the time of flows without latency",
          "[engine][fluid][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  GraphPlan plan = without_queues(flow_plan(seed, static_cast<int>(seed % 4)));
  for (Task& task : plan.tasks) task.latency = task.work = SimTime();
  const Timeline slow = run(plan);
  for (double& capacity : plan.links) capacity *= 2;
  for (auto& [task, flow] : plan.flows) {
    if (flow.cap) *flow.cap *= 2;
  }
  const Timeline fast = run(plan);
  const auto tolerance = static_cast<std::int64_t>(2 + 3 * plan.tasks.size());
  for (TaskId task = 0; task < plan.tasks.size(); ++task) {
    CHECK(nearly(2 * fast.finish(task), slow.finish(task), tolerance));
  }
}

TEST_CASE("more capacity of the one link that flows share makes none later",
          "[engine][fluid][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  GraphPlan plan = without_queues(random_flow_plan(seed, FlowTimes::Generic));
  plan.links.resize(1);
  plan.edges.clear();
  for (auto& [task, flow] : plan.flows) flow.links = {0};
  const Timeline slow = run(plan);
  plan.links[0] *= 1.25;
  const Timeline fast = run(plan);
  for (TaskId task = 0; task < plan.tasks.size(); ++task) {
    CHECK(fast.finish(task) <= slow.finish(task) + ps(2));
  }
}
