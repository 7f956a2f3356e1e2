#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "sim/engine/executor.hpp"
#include "sim/engine/graph_check.hpp"
#include "tests/engine/literal_rules.hpp"
#include "tests/engine/random_graph.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/random.hpp"

using namespace helixsim;

namespace {

constexpr std::uint32_t kSeeds = 200;

Timeline run(const TaskGraph& graph) {
  Executor executor;
  return executor.run(graph);
}

void check_equal(const Timeline& a, const Timeline& b) {
  REQUIRE(a.task_count() == b.task_count());
  CHECK(a.makespan() == b.makespan());
  for (TaskId task = 0; task < a.task_count(); ++task) {
    CAPTURE(task);
    CHECK(a.start(task) == b.start(task));
    CHECK(a.finish(task) == b.finish(task));
    CHECK(a.previous_on_resource(task) == b.previous_on_resource(task));
  }
}

/// Length of the longest chain of dependencies, resources ignored.
SimTime longest_chain(const TaskGraph& graph) {
  std::vector<SimTime> start(graph.task_count());
  SimTime longest;
  for (const TaskId task : topological_order(graph)) {
    const SimTime finish = start[task] + graph.duration(task);
    longest = std::max(longest, finish);
    for (const TaskId successor : graph.successors(task)) {
      start[successor] = std::max(start[successor], finish);
    }
  }
  return longest;
}

SimTime sum_of_durations(const TaskGraph& graph) {
  SimTime sum;
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    sum += graph.duration(task);
  }
  return sum;
}

}  // namespace

TEST_CASE("every start and finish is what the rules of order say", "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const GraphPlan plan = random_plan(seed);
  const Timeline timeline = run(build(plan));
  const LiteralResult expected = run_by_literal_rules(plan);
  for (TaskId task = 0; task < plan.tasks.size(); ++task) {
    CAPTURE(task);
    CHECK(timeline.start(task) == expected.start[task]);
    CHECK(timeline.finish(task) == expected.finish[task]);
  }
}

TEST_CASE("a crowded queue serves in order, however its tasks become ready",
          "[engine][executor][property]") {
  // Two hundred tasks on one resource, each released by a delay of 0 to 3 ps, or, after another
  // round of the same instant, by a join; a served task takes 0 to 2 ps.
  const auto seed = GENERATE(range(0U, 50U));
  CAPTURE(seed);
  constexpr TaskId kCount = 200;
  Random random(seed);
  const auto place = random_permutation(seed, kCount);
  GraphPlan plan{.resources = {ResourceKind::Exclusive}};
  for (TaskId i = 0; i < kCount; ++i) {
    plan.tasks.push_back({.work = SimTime(random.between(0, 2)), .resource = 0});
  }
  for (TaskId i = 0; i < kCount; ++i) {
    auto last = static_cast<TaskId>(plan.tasks.size());
    plan.tasks.push_back({.work = SimTime(random.between(0, 3))});
    for (int joins = random.between(0, 2); joins > 0; --joins, ++last) {
      plan.tasks.emplace_back();
      plan.edges.push_back({last, last + 1});
    }
    plan.edges.push_back({last, place[i]});
  }
  const Timeline timeline = run(build(plan));
  const LiteralResult expected = run_by_literal_rules(plan);
  for (TaskId task = 0; task < kCount; ++task) {
    CAPTURE(task);
    CHECK(timeline.start(task) == expected.start[task]);
  }
}

TEST_CASE("the makespan lies between its bounds", "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const TaskGraph graph = build(random_plan(seed));
  const Timeline timeline = run(graph);
  CHECK(timeline.makespan() >= longest_chain(graph));
  CHECK(timeline.makespan() <= sum_of_durations(graph));
  for (ResourceId resource = 0; resource < graph.resource_kinds().size(); ++resource) {
    CHECK(timeline.makespan() >= busy_time(graph, timeline, resource));
  }
}

TEST_CASE("no task starts before its dependencies finish, and each takes its duration",
          "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const GraphPlan plan = random_plan(seed);
  const TaskGraph graph = build(plan);
  const Timeline timeline = run(graph);
  for (const auto& [before, after] : plan.edges) {
    CHECK(timeline.start(after) >= timeline.finish(before));
  }
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    CHECK(timeline.finish(task) - timeline.start(task) == graph.duration(task));
  }
}

TEST_CASE("tasks on one exclusive resource never overlap", "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const TaskGraph graph = build(random_plan(seed));
  const Timeline timeline = run(graph);
  for (ResourceId resource = 0; resource < graph.resource_kinds().size(); ++resource) {
    std::vector<std::pair<SimTime, SimTime>> held;
    for (TaskId task = 0; task < graph.task_count(); ++task) {
      if (graph.resources()[task] == resource) {
        held.emplace_back(timeline.start(task), timeline.finish(task));
      }
    }
    std::sort(held.begin(), held.end());
    for (std::size_t i = 1; i < held.size(); ++i) {
      CHECK(held[i].first >= held[i - 1].second);
    }
  }
}

TEST_CASE("a run repeated is identical, with a fresh executor and with a used one",
          "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const TaskGraph graph = build(random_plan(seed));
  const Timeline first = run(graph);
  Executor used;
  used.run(build(random_plan(seed + 1)));
  check_equal(first, used.run(graph));
  check_equal(first, used.run(graph));
}

TEST_CASE("a graph rebuilt after clear gives the same run", "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const GraphPlan plan = random_plan(seed);
  TaskGraph reused = build(random_plan(seed + 1));
  build(plan, reused);
  check_equal(run(build(plan)), run(reused));
}

TEST_CASE("relabelling resources changes nothing", "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const GraphPlan plan = random_plan(seed);
  GraphPlan renamed = plan;
  std::reverse(renamed.resources.begin(), renamed.resources.end());
  for (Task& task : renamed.tasks) {
    if (task.resource != kNoResource) {
      task.resource = static_cast<ResourceId>(plan.resources.size()) - 1 - task.resource;
    }
  }
  check_equal(run(build(plan)), run(build(renamed)));
}

TEST_CASE("the order in which dependencies are given changes nothing",
          "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  const GraphPlan plan = random_plan(seed);
  GraphPlan reversed = plan;
  std::reverse(reversed.edges.begin(), reversed.edges.end());
  reversed.edges.insert(reversed.edges.end(), plan.edges.begin(), plan.edges.end());  // all twice
  check_equal(run(build(plan)), run(build(reversed)));
}

TEST_CASE("a back edge on a path is a cycle for the check and for the run",
          "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, 50U));
  CAPTURE(seed);
  GraphPlan plan = random_plan(seed);
  if (plan.edges.empty()) {
    plan.edges.push_back({0, 0});
  }
  const GraphPlan::Edge edge = plan.edges[seed % plan.edges.size()];
  plan.edges.push_back({edge.after, edge.before});
  const TaskGraph graph = build(plan);
  CHECK_THROWS_WITH(check_graph(graph), Catch::Contains("cycle"));
  CHECK_THROWS_WITH(run(graph), Catch::Contains("deadlock"));
}

TEST_CASE("both executors give the same times, bit for bit", "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  for (const GraphPlan& plan : {random_plan(3 * seed + 2), random_decode_plan(seed)}) {
    const TaskGraph graph = build(plan);
    REQUIRE(graph.order_is_static());
    StaticExecutor static_pass;
    EventExecutor events;
    check_equal(static_pass.run(graph), events.run(graph));
    const LiteralResult expected = run_by_literal_rules(plan);
    CHECK(static_pass.run(graph).start(static_cast<TaskId>(graph.task_count() - 1)) ==
          expected.start.back());
    CHECK(static_pass.run(graph).makespan() ==
          *std::max_element(expected.finish.begin(), expected.finish.end()));
  }
}

TEST_CASE("a graph sealed for the static pass gives the same times", "[engine][executor]") {
  const GraphPlan plan = random_decode_plan(7);
  TaskGraph graph;
  for (const ResourceKind kind : plan.resources) graph.add_resource(kind);
  for (TaskId id = 0; id < plan.tasks.size(); ++id) {
    std::vector<TaskId> after;
    for (const auto& edge : plan.edges) {
      if (edge.after == id) after.push_back(edge.before);
    }
    graph.add(plan.tasks[id], after);
  }
  graph.seal_for_static_pass();
  StaticExecutor executor;
  check_equal(executor.run(graph), run(build(plan)));
  CHECK_THROWS_AS(EventExecutor().run(graph), std::logic_error);  // has no successors
}

TEST_CASE("shorter durations are never slower where the order is static",
          "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  GraphPlan plan = seed % 2 == 0 ? random_plan(3 * seed + 2) : random_decode_plan(seed);
  const Timeline before = run(build(plan));
  for (std::size_t i = seed % 3; i < plan.tasks.size(); i += 3) {
    plan.tasks[i].work = SimTime(plan.tasks[i].work.picoseconds() / 2);
  }
  const Timeline after = run(build(plan));
  for (TaskId task = 0; task < before.task_count(); ++task) {
    CHECK(after.finish(task) <= before.finish(task));
  }
}

TEST_CASE("relabelling tasks changes nothing where no two are ready for a queue together",
          "[engine][executor][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  CAPTURE(seed);
  GraphPlan plan = random_plan(3 * seed);  // queues only
  // Each task that may queue waits for a delay of its own, as random as to be like no other.
  for (TaskId task = 0, count = static_cast<TaskId>(plan.tasks.size()); task < count; ++task) {
    const auto own = static_cast<std::int64_t>((task + 1) * 2'654'435'761ULL % 1'000'000'007ULL);
    plan.tasks[task].work += SimTime(own % 7919);
    for (auto& [before, after] : plan.edges) {
      if (after == task) after = static_cast<TaskId>(plan.tasks.size());
    }
    plan.edges.push_back({static_cast<TaskId>(plan.tasks.size()), task});
    plan.tasks.push_back({.latency = {}, .work = SimTime(own)});
  }
  const std::vector<TaskId> new_ids = random_permutation(seed, plan.tasks.size());
  const Timeline original = run(build(plan));
  const Timeline changed = run(build(relabelled(plan, new_ids)));
  for (TaskId task = 0; task < original.task_count(); ++task) {
    CHECK(changed.start(new_ids[task]) == original.start(task));
    CHECK(changed.finish(new_ids[task]) == original.finish(task));
  }
}
