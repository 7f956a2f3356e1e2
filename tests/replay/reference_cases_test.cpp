#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/config/json_file.hpp"
#include "sim/replay/replay.hpp"

using namespace helixsim;
using nlohmann::json;

namespace {

std::vector<std::string> read_lines(const std::string& name) {
  std::ifstream file(std::string(HELIXSIM_SOURCE_DIR) + "/tests/reference/replay/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// Relative, as tests/reference/README.md asks for.
bool agrees(double ours, double expected) {
  return std::abs(ours - expected) <= 1e-9 * expected;
}

bool all_agree(const std::vector<double>& ours, const json& expected) {
  return std::equal(ours.begin(), ours.end(), expected.begin(), expected.end(),
                    [](double a, const json& b) { return agrees(a, b.get<double>()); });
}

/// Tasks of a fifo by start; tasks of no duration hold it one after the other at one instant, by
/// finish and then by place.
std::vector<std::uint32_t> order_on(const ReplayCase& of, const ReplayResult& result,
                                    std::uint32_t fifo) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t task = 0; task < of.tasks.size(); ++task) {
    if (of.tasks[task].fifo == fifo) order.push_back(task);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(result.start[a], result.finish[a]) <
           std::pair(result.start[b], result.finish[b]);
  });
  return order;
}

}  // namespace

TEST_CASE("all reference cases give the reference times and orders", "[replay][conformance]") {
  const std::vector<std::string> cases = read_lines("cases.jsonl");
  const std::vector<std::string> answers = read_lines("expected.jsonl");
  REQUIRE(cases.size() == 90);
  REQUIRE(answers.size() == cases.size());
  Replay replay;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const ReplayCase of = read_replay_case(parse_json(cases[i], "cases.jsonl"));
    const json expected = json::parse(answers[i]);
    CAPTURE(of.name);
    REQUIRE(expected.at("name") == of.name);
    const ReplayResult result = replay.run(of);
    CHECK(agrees(result.makespan, expected.at("makespan")));
    CHECK(all_agree(result.start, expected.at("start")));
    CHECK(all_agree(result.finish, expected.at("finish")));
    for (std::uint32_t place = 0; place < of.resources.size(); ++place) {
      if (of.resources[place].is_link) continue;
      const auto& name = of.resources[place].name;
      const auto order = order_on(of, result, place);
      const json expected_order = expected.at("fifo_order").value(name, json::array());
      CHECK(json(order) == expected_order);
    }
  }
}
