#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "sim/engine/task_graph.hpp"

namespace helixsim {

/// A task graph as plain values, so that a test can change it before it builds it.
struct GraphPlan {
  struct Edge {
    TaskId before;
    TaskId after;
  };
  struct Flow {
    double work = 0.0;
    std::vector<LinkId> links;
    std::optional<double> cap;
  };
  std::vector<ResourceKind> resources{};
  std::vector<double> links{};  // capacities
  std::vector<Task> tasks{};    // of a flow, its latency and resource
  std::map<TaskId, Flow> flows{};
  std::vector<Edge> edges{};
};

/// A random acyclic plan without flows. Its times are small integers and often zero, so that ties,
/// zero-length tasks and full queues are common. Of three plans one has queues only, where
/// dependencies lead to lower ids as often as to higher ones, one queues and streams, one streams.
GraphPlan random_plan(std::uint32_t seed);

/// One decode step as the strategies schedule it: per rank a compute and a communication stream,
/// chunks of attention with their exchanges, joins of all ranks between blocks. Its order is
/// static.
GraphPlan random_decode_plan(std::uint32_t seed);

/// What the times and works of a plan with flows are.
enum class FlowTimes : std::uint8_t {
  Tied,     ///< multiples of 720,720 ps over small capacities, so that ends coincide
  Generic,  ///< any, so that ends do not coincide
};
/// A random acyclic plan with flows over several links: latencies, caps, no work, flows that hold
/// an exclusive resource or run in a stream.
GraphPlan random_flow_plan(std::uint32_t seed, FlowTimes times);

/// Every rank sends to every other over its egress and the receiver's ingress; without jitter all
/// sizes are equal. `rounds` of it, the next as each rank has received all.
GraphPlan all_to_all_plan(std::uint32_t seed, std::uint32_t ranks, std::uint32_t rounds,
                          bool jitter);

/// The plan with task i called new_ids[i].
GraphPlan relabelled(const GraphPlan& plan, const std::vector<TaskId>& new_ids);
std::vector<TaskId> random_permutation(std::uint32_t seed, std::size_t count);

/// Clears `graph` and builds and seals the plan in it.
void build(const GraphPlan& plan, TaskGraph& graph);
TaskGraph build(const GraphPlan& plan);

}  // namespace helixsim
