#include "tests/engine/random_graph.hpp"

#include <algorithm>
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

/// Keeps ends away from half a picosecond, where rounding could go either way.
constexpr double kNoHalf = 0.31372549;

Task random_task(Dice& dice, std::size_t resource_count) {
  Task task;
  task.latency = dice.roll(0, 3) == 0 ? SimTime(dice.roll(1, 3)) : SimTime();
  task.work = dice.roll(0, 2) == 0 ? SimTime() : SimTime(dice.roll(1, 6));
  if (resource_count > 0 && dice.roll(0, 3) != 0) {
    task.resource = dice.roll(0, static_cast<std::uint32_t>(resource_count - 1));
  }
  return task;
}

std::vector<TaskId> ids(std::size_t count) {
  std::vector<TaskId> all(count);
  std::iota(all.begin(), all.end(), TaskId{0});
  return all;
}

/// Ids in a random order.
std::vector<TaskId> random_order(Dice& dice, std::size_t count) {
  std::vector<TaskId> order = ids(count);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[dice.roll(0, static_cast<std::uint32_t>(i - 1))]);
  }
  return order;
}

std::vector<ResourceKind> random_resources(Dice& dice, std::uint32_t most, bool queues,
                                           bool streams) {
  std::vector<ResourceKind> kinds(dice.roll(0, most));
  for (ResourceKind& kind : kinds) {
    const bool stream = streams && (!queues || dice.roll(0, 1) == 0);
    kind = stream ? ResourceKind::Stream : ResourceKind::Exclusive;
  }
  return kinds;
}

/// Dependencies that lead forward in a random order of ids; with streams, in the order of ids
/// itself, which the streams follow too.
void add_random_edges(Dice& dice, bool streams, GraphPlan& plan) {
  const auto count = static_cast<std::uint32_t>(plan.tasks.size());
  const std::vector<TaskId> order = streams ? ids(count) : random_order(dice, count);
  const std::uint32_t edge_count = count > 1 ? dice.roll(0, 2 * count) : 0;
  for (std::uint32_t i = 0; i < edge_count; ++i) {
    const std::uint32_t before = dice.roll(0, count - 2);
    const std::uint32_t after = dice.roll(before + 1, count - 1);
    plan.edges.push_back({order[before], order[after]});
  }
}

}  // namespace

GraphPlan random_plan(std::uint32_t seed) {
  Dice dice(seed);
  GraphPlan plan;
  const bool streams = seed % 3 != 0;
  plan.resources = random_resources(dice, 4, seed % 3 != 2, streams);
  const std::uint32_t count = dice.roll(1, 60);
  for (std::uint32_t i = 0; i < count; ++i) {
    plan.tasks.push_back(random_task(dice, plan.resources.size()));
  }
  add_random_edges(dice, streams, plan);
  return plan;
}

GraphPlan random_decode_plan(std::uint32_t seed) {
  Dice dice(seed);
  GraphPlan plan;
  const std::uint32_t ranks = dice.roll(1, 5);
  const std::uint32_t chunks = dice.roll(1, 4);
  plan.resources.assign(std::size_t{2} * ranks, ResourceKind::Stream);
  std::vector<TaskId> block{0};  // what the next block waits for
  plan.tasks.emplace_back();
  const auto add = [&](SimTime work, ResourceId resource, const std::vector<TaskId>& after) {
    plan.tasks.push_back({.latency = SimTime(dice.roll(0, 2)), .work = work, .resource = resource});
    const auto id = static_cast<TaskId>(plan.tasks.size() - 1);
    for (const TaskId before : after) plan.edges.push_back({before, id});
    return id;
  };
  for (std::uint32_t layer = dice.roll(1, 3); layer > 0; --layer) {
    std::vector<TaskId> exchanged;
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      std::vector<TaskId> attended;
      for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        attended.push_back(add(SimTime(dice.roll(0, 9)), 2 * rank, block));
      }
      for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        exchanged.push_back(add(SimTime(dice.roll(0, 9)), 2 * rank + 1, attended));
      }
    }
    const TaskId join = add(SimTime(), kNoResource, exchanged);
    std::vector<TaskId> reduced;
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      const TaskId ffn = add(SimTime(dice.roll(1, 9)), 2 * rank, {join});
      reduced.push_back(add(SimTime(dice.roll(1, 9)), 2 * rank + 1, {ffn}));
    }
    block = {add(SimTime(), kNoResource, reduced)};
  }
  return plan;
}

GraphPlan random_flow_plan(std::uint32_t seed, FlowTimes times) {
  Dice dice(seed);
  GraphPlan plan;
  const bool tied = times == FlowTimes::Tied;
  const auto amount = [&] { return tied ? 720'720 * dice.roll(1, 4) : dice.roll(1, 40'000'000); };
  const auto rate = [&] { return tied ? dice.roll(1, 4) : dice.roll(1000, 9000) / 1000.0; };
  const bool streams = seed % 2 == 0;
  plan.resources = random_resources(dice, 3, true, streams);
  const std::uint32_t link_count = dice.roll(1, 5);
  for (std::uint32_t i = 0; i < link_count; ++i) plan.links.push_back(rate());
  const std::uint32_t count = dice.roll(1, 40);
  for (TaskId id = 0; id < count; ++id) {
    Task task = random_task(dice, plan.resources.size());
    if (task.latency > SimTime()) task.latency = SimTime(amount());
    if (task.work > SimTime()) task.work = SimTime(amount());
    if (dice.roll(0, 2) != 0) {
      GraphPlan::Flow flow{.work = dice.roll(0, 9) == 0 ? 0.0 : amount() + (tied ? 0.0 : kNoHalf),
                           .links = {},
                           .cap = {}};
      if (dice.roll(0, 3) == 0) flow.cap = rate();
      std::vector<TaskId> links = random_order(dice, link_count);
      links.resize(dice.roll(flow.cap ? 0 : 1, std::min(link_count, 3U)));
      flow.links = links;
      task.work = SimTime();
      plan.flows[id] = flow;
    }
    plan.tasks.push_back(task);
  }
  add_random_edges(dice, streams, plan);
  return plan;
}

GraphPlan all_to_all_plan(std::uint32_t seed, std::uint32_t ranks, std::uint32_t rounds,
                          bool jitter) {
  Dice dice(seed);
  GraphPlan plan;
  for (std::uint32_t rank = 0; rank < 2 * ranks; ++rank) plan.links.push_back(1.0);
  std::vector<TaskId> before(ranks, kNoTask);  // per rank, what its next sends wait for
  for (std::uint32_t round = 0; round < rounds; ++round) {
    std::vector<std::vector<TaskId>> arriving(ranks);
    for (std::uint32_t from = 0; from < ranks; ++from) {
      for (std::uint32_t to = 0; to < ranks; ++to) {
        if (from == to) continue;
        const auto id = static_cast<TaskId>(plan.tasks.size());
        plan.tasks.emplace_back();
        plan.flows[id] = {.work = jitter ? dice.roll(1'000'000, 2'000'000) + kNoHalf : 1'000'000.0,
                          .links = {from, ranks + to},
                          .cap = {}};
        if (round > 0) plan.edges.push_back({before[from], id});
        arriving[to].push_back(id);
      }
    }
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      before[rank] = static_cast<TaskId>(plan.tasks.size());
      plan.tasks.emplace_back();
      for (const TaskId id : arriving[rank]) plan.edges.push_back({id, before[rank]});
    }
  }
  return plan;
}

GraphPlan relabelled(const GraphPlan& plan, const std::vector<TaskId>& new_ids) {
  GraphPlan changed = plan;
  changed.flows.clear();
  for (TaskId task = 0; task < plan.tasks.size(); ++task) {
    changed.tasks[new_ids[task]] = plan.tasks[task];
    const auto flow = plan.flows.find(task);
    if (flow != plan.flows.end()) changed.flows[new_ids[task]] = flow->second;
  }
  for (auto& [before, after] : changed.edges) {
    before = new_ids[before];
    after = new_ids[after];
  }
  return changed;
}

std::vector<TaskId> random_permutation(std::uint32_t seed, std::size_t count) {
  Dice dice(seed);
  return random_order(dice, count);
}

void build(const GraphPlan& plan, TaskGraph& graph) {
  graph.clear();
  for (const ResourceKind kind : plan.resources) graph.add_resource(kind);
  for (const double capacity : plan.links) graph.add_link(capacity);
  for (TaskId id = 0; id < plan.tasks.size(); ++id) {
    const Task& task = plan.tasks[id];
    const auto flow = plan.flows.find(id);
    if (flow == plan.flows.end()) {
      graph.add(task);
    } else {
      graph.add_flow({.latency = task.latency,
                      .work = flow->second.work,
                      .links = flow->second.links,
                      .cap = flow->second.cap,
                      .resource = task.resource});
    }
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
