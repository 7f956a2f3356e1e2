#include "sim/replay/replay.hpp"

#include <optional>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/engine/event_executor.hpp"
#include "sim/engine/graph_check.hpp"
#include "sim/replay/replay_clock.hpp"

namespace helixsim {
struct Replay::Engine {
  TaskGraph graph;
  EventExecutor executor;
  std::vector<std::uint32_t> engine_ids;  // of the case's resources: of resources or of links

  void build(const ReplayCase& of, const ReplayClock& clock);
};

void Replay::Engine::build(const ReplayCase& of, const ReplayClock& clock) {
  const double per_second = clock.ticks_per_second();
  graph.clear();
  engine_ids.clear();
  for (const ReplayCase::Resource& resource : of.resources) {
    engine_ids.push_back(resource.is_link ? graph.add_link(resource.capacity / per_second)
                                          : graph.add_resource(ResourceKind::Exclusive));
  }
  std::vector<LinkId> links;
  for (const ReplayCase::Task& task : of.tasks) {
    const ResourceId resource = task.fifo ? engine_ids[*task.fifo] : kNoResource;
    const SimTime latency = clock.ticks(task.latency);
    if (task.links.empty()) {
      const double seconds = task.fifo ? task.work / of.resources[*task.fifo].capacity : 0.0;
      graph.add({.latency = latency, .work = clock.ticks(seconds), .resource = resource});
      continue;
    }
    links.clear();
    for (const std::uint32_t link : task.links) links.push_back(engine_ids[link]);
    graph.add_flow({.latency = latency,
                    .work = task.work,
                    .links = links,
                    .cap = task.cap ? std::optional(*task.cap / per_second) : std::nullopt,
                    .resource = resource});
  }
  for (TaskId task = 0; task < of.tasks.size(); ++task) {
    for (const std::uint32_t before : of.tasks[task].after) graph.depend(before, task);
  }
  graph.seal();
}

Replay::Replay() : engine_(std::make_unique<Engine>()) {}
Replay::~Replay() = default;
Replay::Replay(Replay&&) noexcept = default;
Replay& Replay::operator=(Replay&&) noexcept = default;

ReplayResult Replay::run(const ReplayCase& replay_case) {
  const ReplayClock clock(replay_case);
  engine_->build(replay_case, clock);
  if (const auto cycle = find_cycle(engine_->graph); !cycle.empty()) {
    std::string ids;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      // Long cycles are shown by their two ends.
      if (i == 8 && cycle.size() > 16) {
        ids += "... -> ";
        i = cycle.size() - 4;
      }
      ids += std::to_string(replay_case.tasks[cycle[i]].id) + " -> ";
    }
    ids += std::to_string(replay_case.tasks[cycle.front()].id);
    throw ConfigError("/tasks: the dependencies have a cycle: " + ids);
  }
  const Timeline& timeline = engine_->executor.run(engine_->graph);
  ReplayResult result;
  result.start.reserve(replay_case.tasks.size());
  result.finish.reserve(replay_case.tasks.size());
  for (TaskId task = 0; task < replay_case.tasks.size(); ++task) {
    result.start.push_back(clock.seconds(timeline.start(task)));
    result.finish.push_back(clock.seconds(timeline.finish(task)));
  }
  result.makespan = clock.seconds(timeline.makespan());
  result.loses_digits = clock.loses_digits();
  return result;
}

}  // namespace helixsim
