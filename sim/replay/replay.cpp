#include "sim/replay/replay.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/engine/event_executor.hpp"
#include "sim/engine/graph_check.hpp"

namespace helixsim {
namespace {

// Divisible by every number to 15 and by powers of ten as far as it goes: quotients of short
// decimal numbers and small counts are whole ticks.
constexpr double kRoundTicks = 16.0 * 9.0 * 25.0 * 7.0 * 11.0 * 13.0 * 1e4;
// A whole case takes at most so many ticks: what a double tells apart with room for errors.
constexpr double kMostTicks = 281'474'976'710'656.0;  // 2^48

/// An upper bound of the makespan: everything one after the other, each flow alone. Sharing makes
/// nothing longer than that: while flows share, the full links among theirs do a second's work each
/// second.
double longest_run(const ReplayCase& of) {
  double total = 0.0;
  for (const ReplayCase::Task& task : of.tasks) {
    total += task.latency;
    if (!task.links.empty()) {
      double rate = task.cap.value_or(std::numeric_limits<double>::infinity());
      for (const std::uint32_t link : task.links) {
        rate = std::min(rate, of.resources[link].capacity);
      }
      total += task.work / rate;
    } else if (task.fifo) {
      total += task.work / of.resources[*task.fifo].capacity;
    }
  }
  return total;
}

/// Ticks a second: a power of two times the round number, so that the longest run fits.
double ticks_per_second(double longest) {
  if (longest <= 0.0) return kRoundTicks;
  const double room = kMostTicks / (longest * kRoundTicks);
  return kRoundTicks * std::exp2(std::floor(std::log2(room)));
}

SimTime to_ticks(double seconds, double scale) {
  return SimTime(std::llround(seconds * scale));
}

}  // namespace

struct Replay::Engine {
  TaskGraph graph;
  EventExecutor executor;
  std::vector<std::uint32_t> engine_ids;  // of the case's resources: of resources or of links

  void build(const ReplayCase& of, double scale);
};

void Replay::Engine::build(const ReplayCase& of, double scale) {
  graph.clear();
  engine_ids.clear();
  for (const ReplayCase::Resource& resource : of.resources) {
    engine_ids.push_back(resource.is_link ? graph.add_link(resource.capacity / scale)
                                          : graph.add_resource(ResourceKind::Exclusive));
  }
  std::vector<LinkId> links;
  for (const ReplayCase::Task& task : of.tasks) {
    const ResourceId resource = task.fifo ? engine_ids[*task.fifo] : kNoResource;
    const SimTime latency = to_ticks(task.latency, scale);
    if (task.links.empty()) {
      const double seconds = task.fifo ? task.work / of.resources[*task.fifo].capacity : 0.0;
      graph.add({.latency = latency, .work = to_ticks(seconds, scale), .resource = resource});
      continue;
    }
    links.clear();
    for (const std::uint32_t link : task.links) links.push_back(engine_ids[link]);
    graph.add_flow({.latency = latency,
                    .work = task.work,
                    .links = links,
                    .cap = task.cap ? std::optional(*task.cap / scale) : std::nullopt,
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
  const double longest = longest_run(replay_case);
  const double scale = ticks_per_second(longest);
  if (!std::isfinite(longest) || !std::isnormal(scale) || scale < 1e-280) {
    throw ConfigError("/tasks: the times of this case do not fit into one engine clock");
  }
  engine_->build(replay_case, scale);
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
  const auto seconds = [&](SimTime time) {
    return static_cast<double>(time.picoseconds()) / scale;
  };
  for (TaskId task = 0; task < replay_case.tasks.size(); ++task) {
    result.start.push_back(seconds(timeline.start(task)));
    result.finish.push_back(seconds(timeline.finish(task)));
  }
  result.makespan = seconds(timeline.makespan());
  return result;
}

}  // namespace helixsim
