#include "sim/engine/task_graph.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

std::vector<TaskId> successors_of(const TaskGraph& graph, TaskId task) {
  const auto successors = graph.successors(task);
  return {successors.begin(), successors.end()};
}

std::vector<TaskId> predecessors_of(const TaskGraph& graph, TaskId task) {
  const auto predecessors = graph.predecessors(task);
  return {predecessors.begin(), predecessors.end()};
}

}  // namespace

TEST_CASE("sealing groups dependencies by task and counts them", "[engine][task_graph]") {
  TaskGraph graph;
  for (int i = 0; i < 4; ++i) {
    graph.add({});
  }
  graph.depend(2, 3);
  graph.depend(0, 3);
  graph.depend(3, 1);  // towards a lower id
  graph.depend(0, 2);
  graph.depend(0, 3);  // given twice
  graph.seal();
  CHECK(successors_of(graph, 0) == std::vector<TaskId>{2, 3, 3});
  CHECK(successors_of(graph, 1).empty());
  CHECK(successors_of(graph, 2) == std::vector<TaskId>{3});
  CHECK(successors_of(graph, 3) == std::vector<TaskId>{1});
  CHECK(predecessors_of(graph, 0).empty());
  CHECK(predecessors_of(graph, 1) == std::vector<TaskId>{3});
  CHECK(predecessors_of(graph, 2) == std::vector<TaskId>{0});
  CHECK(predecessors_of(graph, 3) == std::vector<TaskId>{2, 0, 0});
  CHECK_FALSE(graph.ids_are_topological());
}

TEST_CASE("a graph keeps what its tasks were given", "[engine][task_graph]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId task = graph.add({.latency = ps(2), .work = ps(5), .resource = stream});
  CHECK(graph.duration(task) == ps(7));
  CHECK(graph.resources()[task] == stream);
  CHECK(graph.resource_kinds()[stream] == ResourceKind::Exclusive);
}

TEST_CASE("a graph refuses what it does not know", "[engine][task_graph]") {
  TaskGraph graph;
  const TaskId task = graph.add({});
  CHECK_THROWS_AS(graph.depend(task, task + 1), std::logic_error);
  CHECK_THROWS_AS(graph.depend(task + 1, task), std::logic_error);
  CHECK_THROWS_AS(graph.add({.resource = 0}), std::logic_error);
  CHECK_THROWS_AS(graph.add({.latency = ps(-1)}), std::logic_error);
  CHECK_THROWS_AS(graph.add({.work = ps(-1)}), std::logic_error);
  CHECK_THROWS_AS(graph.add({.work = kTimeLimit}), std::logic_error);
  CHECK(graph.task_count() == 1);
}

TEST_CASE("a sealed graph takes nothing more until it is cleared", "[engine][task_graph]") {
  TaskGraph graph;
  graph.add_resource();
  const TaskId task = graph.add({.resource = 0});
  graph.seal();
  CHECK(graph.sealed());
  CHECK_THROWS_AS(graph.add({}), std::logic_error);
  CHECK_THROWS_AS(graph.depend(task, task), std::logic_error);
  CHECK_THROWS_AS(graph.add_resource(), std::logic_error);
  CHECK_THROWS_AS(graph.seal(), std::logic_error);
  graph.clear();
  CHECK_FALSE(graph.sealed());
  CHECK(graph.task_count() == 0);
  CHECK(graph.dependency_count() == 0);
  CHECK_THROWS_AS(graph.add({.resource = 0}), std::logic_error);  // resources are forgotten too
  CHECK(graph.add({}) == 0);
}
