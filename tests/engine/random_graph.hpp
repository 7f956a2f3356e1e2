#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/task_graph.hpp"

namespace helixsim {

/// A task graph as plain values, so that a test can change it before it builds it.
struct GraphPlan {
  struct Edge {
    TaskId before;
    TaskId after;
  };
  std::uint32_t resource_count = 0;
  std::vector<Task> tasks;
  std::vector<Edge> edges;
};

/// A random acyclic plan. Its times are small integers and often zero, so that ties, zero-length
/// tasks and full queues are common; dependencies lead to lower ids as often as to higher ones.
GraphPlan random_plan(std::uint32_t seed);

/// Clears `graph` and builds and seals the plan in it.
void build(const GraphPlan& plan, TaskGraph& graph);
TaskGraph build(const GraphPlan& plan);

}  // namespace helixsim
