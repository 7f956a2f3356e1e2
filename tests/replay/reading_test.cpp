#include <catch2/catch.hpp>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/replay/replay.hpp"

using namespace helixsim;

namespace {

/// What the program says to a case with this list of tasks (and resources gpu0, copy0, eg0, in0).
std::string answer(const std::string& tasks,
                   const std::string& resources =
                       R"([{"name": "gpu0", "kind": "fifo", "capacity": 2},
                           {"name": "copy0", "kind": "fifo", "capacity": 1},
                           {"name": "eg0", "kind": "link", "capacity": 4},
                           {"name": "in0", "kind": "link", "capacity": 4}])") {
  const std::string text =
      R"({"name": "case", "resources": )" + resources + R"(, "tasks": )" + tasks + "}";
  try {
    const ReplayCase of = read_replay_case(parse_json(text, "cases.jsonl:7"));
    return "accepted: " + std::to_string(Replay().run(of).makespan);
  } catch (const ConfigError& error) {
    return error.what();
  }
}

std::string resources_answer(const std::string& resources) {
  return answer("[]", resources);
}

}  // namespace

TEST_CASE("keys of a task but its id have defaults", "[replay][reading]") {
  CHECK(answer("[]") == "accepted: 0.000000");
  CHECK(answer(R"([{"id": 5}])") == "accepted: 0.000000");
  CHECK(answer(R"([{"id": 5, "work": null, "latency": 1.5, "fifo": null, "links": null,
                    "cap": null, "deps": null}])") == "accepted: 1.500000");
}

TEST_CASE("tasks may come in any order of ids, with gaps", "[replay][reading]") {
  CHECK(
      answer(R"([{"id": 9007199254740992, "latency": 1, "deps": [3]}, {"id": 3, "latency": 2}])") ==
      "accepted: 3.000000");
}

TEST_CASE("an id may be written with a point, there and where others name it: a fixed defect",
          "[replay][reading]") {
  CHECK_THAT(answer(R"([{"id": 1.0}, {"id": 2, "deps": [1]}, {"id": 3, "deps": [1.0, 2]}])"),
             Catch::StartsWith("accepted"));
}

TEST_CASE("ids decide between tasks that are ready together, not places in the file",
          "[replay][reading]") {
  const ReplayCase of = read_replay_case(parse_json(
      R"({"name": "x", "resources": [{"name": "g", "kind": "fifo", "capacity": 1}], "tasks": [
          {"id": 7, "work": 5, "fifo": "g"}, {"id": 2, "work": 3, "fifo": "g"}]})",
      "x"));
  const ReplayResult result = Replay().run(of);
  CHECK(of.tasks.front().id == 2);
  CHECK(result.start == std::vector<double>{0.0, 3.0});
}

TEST_CASE("a mistake in a task is answered with its place and the nearest name",
          "[replay][reading]") {
  const std::string at = "cases.jsonl:7: /tasks/1";
  const auto second = [](const std::string& task) {
    return answer(R"([{"id": 0}, )" + task + "]");
  };
  using Catch::Contains;
  using Catch::StartsWith;
  CHECK_THAT(second("3"), StartsWith(at + ": expected a task"));
  CHECK_THAT(second("{}"), StartsWith(at) && Contains("id"));
  CHECK_THAT(second(R"({"id": -1})"), StartsWith(at + "/id: -1 is outside [0, "));
  CHECK_THAT(second(R"({"id": 1.5})"), StartsWith(at + "/id"));
  CHECK_THAT(second(R"({"id": "1"})"), StartsWith(at + "/id"));
  CHECK_THAT(second(R"({"id": 99999999999999999999})"), StartsWith(at + "/id"));
  CHECK(second(R"({"id": 0})") == at + "/id: 0 is the id of an earlier task");
  CHECK_THAT(second(R"({"id": 1, "wrk": 1})"),
             StartsWith(at + "/wrk: unknown key") && Contains("did you mean \"work\"?"));
  CHECK_THAT(second(R"({"id": 1, "work": -1})"), StartsWith(at + "/work: -1 is outside [0, "));
  CHECK_THAT(second(R"({"id": 1, "work": "1"})"), StartsWith(at + "/work: expected a number"));
  CHECK_THAT(second(R"({"id": 1, "latency": -0.5})"), StartsWith(at + "/latency: -0.5 is outside"));
  CHECK_THAT(second(R"({"id": 1, "latency": 1e10})"), StartsWith(at + "/latency"));
  CHECK_THAT(second(R"({"id": 1, "cap": 0, "links": ["eg0"]})"),
             StartsWith(at + "/cap: 0 is outside"));
  CHECK_THAT(second(R"({"id": 1, "fifo": "gpu1"})"),
             StartsWith(at + "/fifo: unknown fifo resource \"gpu1\"") &&
                 Contains("did you mean \"gpu0\"?"));
  CHECK(second(R"({"id": 1, "fifo": "eg0"})") == at + "/fifo: \"eg0\" is a link, expected a fifo");
  CHECK_THAT(second(R"({"id": 1, "fifo": 3})"), StartsWith(at + "/fifo"));
  CHECK_THAT(second(R"({"id": 1, "links": "eg0"})"), StartsWith(at + "/links: expected a list"));
  CHECK_THAT(second(R"({"id": 1, "links": ["eg1"]})"), StartsWith(at + "/links") &&
                                                           Contains("unknown link \"eg1\"") &&
                                                           Contains("did you mean \"eg0\"?"));
  CHECK_THAT(second(R"({"id": 1, "links": ["gpu0"]})"),
             StartsWith(at + "/links") && Contains("\"gpu0\" is a fifo, expected a link"));
  CHECK_THAT(second(R"({"id": 1, "links": ["eg0", "in0", "eg0"]})"),
             StartsWith(at + "/links") && Contains("\"eg0\" is named twice"));
  CHECK_THAT(second(R"({"id": 1, "deps": 0})"), StartsWith(at + "/deps: expected a list"));
  CHECK_THAT(second(R"({"id": 1, "deps": [0, 4]})"),
             StartsWith(at + "/deps") && Contains("no task has the id 4"));
  CHECK_THAT(second(R"({"id": 1, "deps": ["0"]})"), StartsWith(at + "/deps"));
  CHECK_THAT(second(R"({"id": 1, "deps": [0.5]})"), StartsWith(at + "/deps"));
  CHECK(second(R"({"id": 1, "cap": 1})") == at + "/cap: limits a flow; expected links too");
}

TEST_CASE("numbers that JSON does not have are errors of the parser", "[replay][reading]") {
  for (const std::string number : {"NaN", "nan", "Infinity", "1e999", "0x1", "1.", "+1"}) {
    CAPTURE(number);
    CHECK_THAT(answer(R"([{"id": 0, "work": )" + number + "}]"),
               Catch::StartsWith("cases.jsonl:7: ") && !Catch::Contains("accepted"));
  }
}

TEST_CASE("a mistake in a resource is answered with its place", "[replay][reading]") {
  using Catch::Contains;
  using Catch::StartsWith;
  const std::string at = "cases.jsonl:7: /resources/0";
  CHECK_THAT(resources_answer("3"), StartsWith("cases.jsonl:7: /resources"));
  CHECK_THAT(resources_answer("[3]"), StartsWith(at));
  CHECK_THAT(resources_answer(R"([{"kind": "fifo", "capacity": 1}])"), StartsWith(at));
  CHECK_THAT(resources_answer(R"([{"name": "a", "kind": "fifa", "capacity": 1}])"),
             StartsWith(at + "/kind") && Contains("did you mean \"fifo\"?"));
  for (const std::string capacity : {"0", "-1", "1e-13", "1e19", "\"1\"", "null"}) {
    CAPTURE(capacity);
    CHECK_THAT(resources_answer(R"([{"name": "a", "kind": "fifo", "capacity": )" + capacity + "}]"),
               StartsWith(at + "/capacity"));
  }
  CHECK_THAT(resources_answer(R"([{"name": "a", "kind": "fifo", "capacity": 1, "speed": 2}])"),
             StartsWith(at + "/speed: unknown key"));
  CHECK(resources_answer(R"([{"name": "a", "kind": "fifo", "capacity": 1},
                             {"name": "a", "kind": "link", "capacity": 1}])") ==
        "cases.jsonl:7: /resources/1/name: \"a\" is the name of an earlier resource");
}

TEST_CASE("the ids of a cycle are named, of a long one its ends", "[replay][reading]") {
  CHECK(answer(R"([{"id": 10, "deps": [10]}])") ==
        "/tasks: the dependencies have a cycle: 10 -> 10");
  CHECK(answer(R"([{"id": 10, "deps": [30]}, {"id": 20, "deps": [10]}, {"id": 30, "deps": [20]},
                   {"id": 40, "deps": [10]}])") ==
        "/tasks: the dependencies have a cycle: 10 -> 20 -> 30 -> 10");
  ReplayCase ring;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ring.tasks.emplace_back();
    ring.tasks.back().id = i;
    ring.tasks.back().after = {i == 0 ? 999 : i - 1};
  }
  CHECK_THROWS_WITH(Replay().run(ring),
                    Catch::EndsWith("0 -> 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> ... -> 996 -> 997 -> "
                                    "998 -> 999 -> 0"));
}

TEST_CASE("a case is an object with a name and tasks; other keys are notes", "[replay][reading]") {
  const auto read = [](const std::string& text) {
    return read_replay_case(parse_json(text, "cases.jsonl:7"));
  };
  CHECK(read(R"({"name": "a", "tasks": [], "note": {"x": 1}, "closed_form": null})").name == "a");
  CHECK_THROWS_WITH(read("[]"), Catch::StartsWith("cases.jsonl:7: ") && Catch::Contains("a case"));
  CHECK_THROWS_WITH(read(R"({"tasks": []})"), Catch::Contains("name"));
  CHECK_THROWS_WITH(read(R"({"name": "a"})"), Catch::Contains("tasks"));
  CHECK_THROWS_WITH(read(R"({"name": "a", "tasks": {}})"),
                    Catch::StartsWith("cases.jsonl:7: /tasks: expected a list"));
}
