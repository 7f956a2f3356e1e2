#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/engine/executor.hpp"
#include "sim/engine/graph_check.hpp"

using namespace helixsim;
using nlohmann::json;

namespace {

constexpr double kTolerance =
    1e-9;  // relative, of tests/reference: times are written as doubles there

std::vector<json> read_lines(const std::string& name) {
  std::ifstream file(std::string(HELIXSIM_SOURCE_DIR) + "/tests/reference/replay/" + name);
  std::vector<json> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(json::parse(line));
  }
  return lines;
}

/// Whether a case needs exclusive resources and delays only.
bool has_no_shared_resource(const json& replay_case) {
  const json& tasks = replay_case.at("tasks");
  return std::all_of(tasks.begin(), tasks.end(), [](const json& task) {
    return task.at("links").empty() && task.at("cap").is_null();
  });
}

struct ReplayGraph {
  TaskGraph graph;
  std::map<std::string, ResourceId> resources;
};

/// A second of the case is a second of the engine: with 1e12 ps a second the rounding of durations
/// stays below 1e-10 of any time in these cases.
ReplayGraph to_graph(const json& replay_case) {
  ReplayGraph replay;
  std::vector<double> capacities;
  for (const json& resource : replay_case.at("resources")) {
    replay.resources[resource.at("name")] = replay.graph.add_resource();
    capacities.push_back(resource.at("capacity"));
  }
  for (const json& entry : replay_case.at("tasks")) {
    Task task;
    task.latency = to_sim_time(Seconds(entry.at("latency")));
    if (!entry.at("fifo").is_null()) {
      task.resource = replay.resources.at(entry.at("fifo"));
      task.work = to_sim_time(Seconds(entry.at("work").get<double>() / capacities[task.resource]));
    }
    replay.graph.add(task);
  }
  for (const json& entry : replay_case.at("tasks")) {
    for (const json& before : entry.at("deps")) {
      replay.graph.depend(before, entry.at("id"));
    }
  }
  replay.graph.seal();
  return replay;
}

/// Tasks of a resource in the order in which they held it.
std::vector<TaskId> order_on(const TaskGraph& graph, const Timeline& timeline,
                             ResourceId resource) {
  std::vector<TaskId> next(graph.task_count(), kNoTask);
  TaskId first = kNoTask;
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    if (graph.resources()[task] == resource) {
      const TaskId previous = timeline.previous_on_resource(task);
      (previous == kNoTask ? first : next[previous]) = task;
    }
  }
  std::vector<TaskId> order;
  for (TaskId task = first; task != kNoTask; task = next[task]) {
    order.push_back(task);
  }
  return order;
}

void check_time(SimTime actual, double expected) {
  CHECK(actual.seconds().value() == Approx(expected).epsilon(kTolerance).margin(1e-15));
}

}  // namespace

TEST_CASE("replay cases with exclusive resources only give the reference times",
          "[engine][replay][conformance]") {
  const std::vector<json> cases = read_lines("cases.jsonl");
  const std::vector<json> expected = read_lines("expected.jsonl");
  REQUIRE(cases.size() == 90);
  REQUIRE(expected.size() == cases.size());
  Executor executor;
  int covered = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    REQUIRE(cases[i].at("name") == expected[i].at("name"));
    if (!has_no_shared_resource(cases[i])) {
      continue;
    }
    CAPTURE(cases[i].at("name").get<std::string>());
    const ReplayGraph replay = to_graph(cases[i]);
    check_graph(replay.graph);
    const Timeline& timeline = executor.run(replay.graph);
    check_time(timeline.makespan(), expected[i].at("makespan"));
    for (TaskId task = 0; task < timeline.task_count(); ++task) {
      CAPTURE(task);
      check_time(timeline.start(task), expected[i].at("start").at(task));
      check_time(timeline.finish(task), expected[i].at("finish").at(task));
    }
    for (const auto& [name, order] : expected[i].at("fifo_order").items()) {
      CAPTURE(name);
      CHECK(order_on(replay.graph, timeline, replay.resources.at(name)) ==
            order.get<std::vector<TaskId>>());
    }
    ++covered;
  }
  CHECK(covered == 23);  // the other 67 cases share links
}
