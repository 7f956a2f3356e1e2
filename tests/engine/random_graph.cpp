#include "tests/engine/random_graph.hpp"

#include <numeric>
#include <random>
#include <utility>

namespace helixsim {
namespace {

/// Integers in [low, high], the same with every standard library.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t roll(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(engine_() % (high - low + 1));
  }

 private:
  std::mt19937 engine_;
};

Task random_task(Dice& dice, std::uint32_t resource_count) {
  Task task;
  task.latency = dice.roll(0, 3) == 0 ? SimTime(dice.roll(1, 3)) : SimTime();
  task.work = dice.roll(0, 2) == 0 ? SimTime() : SimTime(dice.roll(1, 6));
  if (resource_count > 0 && dice.roll(0, 3) != 0) {
    task.resource = dice.roll(0, resource_count - 1);
  }
  return task;
}

/// Ids in a random order; an edge may only lead forward in it.
std::vector<TaskId> random_order(Dice& dice, std::uint32_t count) {
  std::vector<TaskId> order(count);
  std::iota(order.begin(), order.end(), TaskId{0});
  for (std::uint32_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[dice.roll(0, i - 1)]);
  }
  return order;
}

}  // namespace

GraphPlan random_plan(std::uint32_t seed) {
  Dice dice(seed);
  GraphPlan plan;
  plan.resource_count = dice.roll(0, 4);
  const std::uint32_t count = dice.roll(1, 60);
  for (std::uint32_t i = 0; i < count; ++i) {
    plan.tasks.push_back(random_task(dice, plan.resource_count));
  }
  const std::vector<TaskId> order = random_order(dice, count);
  const std::uint32_t edge_count = count > 1 ? dice.roll(0, 2 * count) : 0;
  for (std::uint32_t i = 0; i < edge_count; ++i) {
    const std::uint32_t before = dice.roll(0, count - 2);
    const std::uint32_t after = dice.roll(before + 1, count - 1);
    plan.edges.push_back({order[before], order[after]});
  }
  return plan;
}

void build(const GraphPlan& plan, TaskGraph& graph) {
  graph.clear();
  for (std::uint32_t i = 0; i < plan.resource_count; ++i) {
    graph.add_resource();
  }
  for (const Task& task : plan.tasks) {
    graph.add(task);
  }
  for (const auto& [before, after] : plan.edges) {
    graph.depend(before, after);
  }
  graph.seal();
}

TaskGraph build(const GraphPlan& plan) {
  TaskGraph graph;
  build(plan, graph);
  return graph;
}

}  // namespace helixsim
