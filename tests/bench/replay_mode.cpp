#include "tests/bench/replay_mode.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "sim/engine/event_executor.hpp"
#include "tests/bench/decode_graph.hpp"
#include "tests/bench/exchange_graph.hpp"
#include "tests/bench/measure.hpp"

namespace helixsim::bench {
namespace {

// Not getrusage: its largest memory counts what the parent held before exec.
double peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024.0;
  }
  return 0.0;
}

}  // namespace

void build_replay_graph(const Replay& replay, TaskGraph& graph) {
  if (replay.graph == "exchange") {
    build_exchange_graph({.ranks = replay.ranks,
                          .layers = replay.layers,
                          .jitter = replay.jitter,
                          .streams = ResourceKind::Exclusive},
                         graph);
  } else {
    build_decode_graph({.ranks = replay.ranks,
                        .layers = replay.layers,
                        .jitter = replay.jitter,
                        .streams = ResourceKind::Exclusive},
                       graph);
  }
}

std::vector<std::string> replay_arguments(const std::string& program, const Replay& replay) {
  return {program,
          "--replay",
          replay.graph,
          std::to_string(replay.ranks),
          std::to_string(replay.layers),
          fmt::format("{}", replay.jitter)};
}

Replay read_replay(const std::vector<std::string>& arguments) {
  return {.graph = arguments.at(0),
          .ranks = std::stoi(arguments.at(1)),
          .layers = std::stoi(arguments.at(2)),
          .jitter = std::stod(arguments.at(3))};
}

void print_replay(ReplayResult result) {
  fmt::print("{} {} {} {} {}\n", result.makespan, result.build_seconds, result.run_seconds,
             result.excluded_seconds, peak_mib());
}

ReplayResult read_result(const std::string& output) {
  ReplayResult result;
  std::istringstream text(output);
  text >> result.makespan >> result.build_seconds >> result.run_seconds >>
      result.excluded_seconds >> result.peak_mib;
  if (!text) throw std::runtime_error("a replay printed: " + output);
  return result;
}

ReplayResult replay_here(const Replay& replay) {
  TaskGraph graph;
  EventExecutor executor;
  ReplayResult result;
  result.build_seconds = seconds_of([&] {
    build_replay_graph(replay, graph);
    graph.seal();
  });
  result.run_seconds = seconds_of(
      [&] { result.makespan = static_cast<double>(executor.run(graph).makespan().picoseconds()); });
  return result;
}

}  // namespace helixsim::bench
