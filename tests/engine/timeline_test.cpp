#include "sim/engine/timeline.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "sim/engine/executor.hpp"
#include "tests/engine/random_graph.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

bool depends(const TaskGraph& graph, TaskId before, TaskId after) {
  const auto successors = graph.successors(before);
  return std::find(successors.begin(), successors.end(), after) != successors.end();
}

}  // namespace

TEST_CASE("busy time is the time a resource was held, latency included", "[engine][timeline]") {
  TaskGraph graph;
  const ResourceId a = graph.add_resource();
  const ResourceId b = graph.add_resource();
  graph.add({.latency = ps(1), .work = ps(2), .resource = a});
  graph.add({.work = ps(4), .resource = a});
  graph.add({.work = ps(5), .resource = b});
  graph.add({.work = ps(100)});
  graph.seal();
  Executor executor;
  const Timeline& timeline = executor.run(graph);
  CHECK(busy_time(graph, timeline, a) == ps(7));
  CHECK(busy_time(graph, timeline, b) == ps(5));
}

TEST_CASE("a critical path follows dependencies and waits for a resource", "[engine][timeline]") {
  // Stream: 0 [0,4], then 2 [4,9]; 1 is a delay [0,3] before 2, so that 2 was waiting for the
  // stream.
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  graph.add({.work = ps(4), .resource = stream});
  graph.add({.work = ps(3)});
  graph.add({.work = ps(5), .resource = stream});
  graph.add({.work = ps(1)});
  graph.depend(1, 2);
  graph.depend(2, 3);
  graph.seal();
  Executor executor;
  const Timeline& timeline = executor.run(graph);
  CHECK(timeline.makespan() == ps(10));
  CHECK(timeline.previous_on_resource(2) == 0);
  CHECK(timeline.previous_on_resource(0) == kNoTask);
  CHECK(critical_path(graph, timeline) == std::vector<TaskId>{0, 2, 3});
}

TEST_CASE("a critical path prefers a dependency to the resource, then the smallest id",
          "[engine][timeline]") {
  // Tasks 0 (on the stream), 1 and 2 all finish at 4, when task 3 starts on the stream.
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  graph.add({.work = ps(4), .resource = stream});
  graph.add({.work = ps(4)});
  graph.add({.work = ps(4)});
  graph.add({.work = ps(5), .resource = stream});
  graph.depend(2, 3);
  graph.depend(1, 3);
  graph.seal();
  Executor executor;
  const Timeline& timeline = executor.run(graph);
  CHECK(timeline.previous_on_resource(3) == 0);
  CHECK(critical_path(graph, timeline) == std::vector<TaskId>{1, 3});
}

TEST_CASE("a graph without tasks has no critical path", "[engine][timeline]") {
  TaskGraph graph;
  graph.seal();
  Executor executor;
  CHECK(critical_path(graph, executor.run(graph)).empty());
}

TEST_CASE("a timeline of another graph is refused", "[engine][timeline]") {
  TaskGraph graph;
  graph.add_resource();
  graph.add({});
  graph.seal();
  CHECK_THROWS_AS(critical_path(graph, Timeline()), std::logic_error);
  CHECK_THROWS_AS(busy_time(graph, Timeline(), 0), std::logic_error);
}

TEST_CASE("a critical path runs without a gap from 0 to the makespan",
          "[engine][timeline][property]") {
  const auto seed = GENERATE(range(0U, 200U));
  CAPTURE(seed);
  const TaskGraph graph = build(random_plan(seed));
  Executor executor;
  const Timeline& timeline = executor.run(graph);
  const std::vector<TaskId> path = critical_path(graph, timeline);
  REQUIRE_FALSE(path.empty());
  CHECK(timeline.start(path.front()) == ps(0));
  CHECK(timeline.finish(path.back()) == timeline.makespan());
  for (std::size_t i = 1; i < path.size(); ++i) {
    CHECK(timeline.start(path[i]) == timeline.finish(path[i - 1]));
    CHECK((depends(graph, path[i - 1], path[i]) ||
           timeline.previous_on_resource(path[i]) == path[i - 1]));
  }
}
