#include "sim/engine/graph_check.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/engine/random_graph.hpp"

using namespace helixsim;

namespace {

TaskGraph graph_of(std::uint32_t task_count, std::vector<GraphPlan::Edge> edges) {
  return build({.tasks = std::vector<Task>(task_count), .edges = std::move(edges)});
}

}  // namespace

TEST_CASE("a graph without a cycle passes, an empty one too", "[engine][graph_check]") {
  CHECK_NOTHROW(check_graph(graph_of(0, {})));
  CHECK_NOTHROW(check_graph(graph_of(4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {0, 3}, {0, 3}})));
}

TEST_CASE("the tasks of a cycle are named in order", "[engine][graph_check]") {
  using Catch::EndsWith;
  CHECK_THROWS_WITH(check_graph(graph_of(5, {{0, 1}, {1, 2}, {2, 3}, {3, 1}, {3, 4}})),
                    EndsWith("the task graph has a cycle: 1 -> 2 -> 3 -> 1"));
  CHECK_THROWS_WITH(check_graph(graph_of(2, {{1, 1}})), EndsWith("cycle: 1 -> 1"));
}

TEST_CASE("only a sealed graph can be checked", "[engine][graph_check]") {
  CHECK_THROWS_AS(check_graph(TaskGraph()), std::logic_error);
}

TEST_CASE("a topological order has every task once, after its dependencies",
          "[engine][graph_check][property]") {
  const auto seed = GENERATE(range(0U, 50U));
  CAPTURE(seed);
  const GraphPlan plan = random_plan(seed);
  const std::vector<TaskId> order = topological_order(build(plan));
  REQUIRE(order.size() == plan.tasks.size());
  std::vector<std::size_t> place(order.size(), order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    place.at(order[i]) = i;
  }
  for (const std::size_t found : place) {
    CHECK(found < order.size());
  }
  for (const auto& [before, after] : plan.edges) {
    CHECK(place[before] < place[after]);
  }
}
