#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/run_program.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

/// Two tasks of 1.5 on one exclusive resource of capacity 2, the lower id last in the file.
const std::string kGood =
    R"({"name": "good", "note": "x", "resources": [{"name": "gpu0", "kind": "fifo", "capacity": 2}], )"
    R"("tasks": [{"id": 4, "work": 1.5, "fifo": "gpu0"}, {"id": 3, "work": 1.5, "fifo": "gpu0"}]})";
const std::string kGoodAnswer =
    R"({"name":"good","start":[0.0,0.75],"finish":[0.75,1.5],"makespan":1.5})";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// One answer a line whatever is wrong; what the program says on stderr.
std::string refusal(const std::string& file_text) {
  const TemporaryFolder folder;
  const ProgramRun run = run_helixsim("replay " + folder.file("cases.jsonl", file_text));
  CAPTURE(file_text, run.err);
  CHECK(run.status == 2);
  const std::string prefix = "helixsim: " + (folder.path() / "cases.jsonl").string();
  REQUIRE(run.err.starts_with(prefix));
  return run.err.substr(prefix.size());
}

}  // namespace

TEST_CASE("replay answers each case on a line of its own, in order", "[cli][replay]") {
  const TemporaryFolder folder;
  const std::string empty = R"({"name": "empty", "tasks": []})";
  const ProgramRun run =
      run_helixsim("replay " + folder.file("cases.jsonl", kGood + "\n\n" + empty + "\r\n" + kGood));
  CHECK(run.status == 0);
  CHECK(run.err.empty());
  CHECK(lines_of(run.out) ==
        std::vector<std::string>{
            kGoodAnswer, R"({"name":"empty","start":[],"finish":[],"makespan":0.0})", kGoodAnswer});
}

TEST_CASE("replay reads standard input for -", "[cli][replay]") {
  const TemporaryFolder folder;
  const std::string file = folder.file("cases.jsonl", kGood);
  const ProgramRun run = run_shell("cat " + file + " | helixsim replay -", folder.path());
  CHECK(run.status == 0);
  CHECK(run.out == kGoodAnswer + "\n");
  const ProgramRun wrong = run_shell("echo '{' | helixsim replay -", folder.path());
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.err, Catch::StartsWith("helixsim: -:1: parse error"));
}

TEST_CASE("a wrong case is answered in its place and does not stop the others", "[cli][replay]") {
  const TemporaryFolder folder;
  const std::string cycle =
      R"({"name": "ring", "tasks": [{"id": 0, "deps": [1]}, {"id": 1, "deps": [0]}]})";
  const std::string unknown = R"({"name": 3, "tasks": [{"id": 0, "fifo": "gpu1"}]})";
  const std::string file =
      folder.file("cases.jsonl", kGood + "\n" + cycle + "\n{]\n" + unknown + "\n" + kGood + "\n");
  const ProgramRun run = run_helixsim("replay " + file);
  CHECK(run.status == 2);
  const auto answers = lines_of(run.out);
  const auto errors = lines_of(run.err);
  REQUIRE(answers.size() == 5);
  REQUIRE(errors.size() == 3);
  CHECK(answers[0] == kGoodAnswer);
  CHECK(answers[4] == kGoodAnswer);
  CHECK(Json::parse(answers[1]).at("name") == "ring");
  CHECK(Json::parse(answers[2]).at("name").is_null());
  CHECK(errors[0] ==
        "helixsim: " + file + ":2: /tasks: the dependencies have a cycle: 0 -> 1 -> 0");
  CHECK_THAT(errors[1], Catch::StartsWith("helixsim: " + file + ":3: "));
  CHECK_THAT(errors[2], Catch::StartsWith("helixsim: " + file + ":4: /name: "));
  for (std::size_t i = 0; i < 3; ++i) {
    const Json answer = Json::parse(answers[i + 1]);
    CHECK("helixsim: " + answer.at("error").get<std::string>() == errors[i]);
    CHECK(answer.size() == 2);
  }
}

TEST_CASE("replay answers text that is no case", "[cli][replay]") {
  CHECK_THAT(refusal("[]"), Catch::StartsWith(":1: expected a case"));
  CHECK_THAT(refusal("null"), Catch::StartsWith(":1: expected a case"));
  CHECK_THAT(refusal("\xff\xfe"), Catch::StartsWith(":1: "));
  CHECK_THAT(refusal("{\"name\": \"a\"}"), Catch::Contains(":1: ") && Catch::Contains("tasks"));
  CHECK_THAT(refusal(kGood + kGood), Catch::StartsWith(":1: parse error"));
}

TEST_CASE("a file of cases that is empty, missing or a folder is one error", "[cli][replay]") {
  const TemporaryFolder folder;
  CHECK(refusal("") == ": holds no case\n");
  CHECK(refusal(" \n\n\t\n") == ": holds no case\n");
  const std::string missing = (folder.path() / "missing.jsonl").string();
  const ProgramRun none = run_helixsim("replay " + missing);
  CHECK(none.status == 2);
  CHECK(none.out.empty());
  CHECK(none.err == "helixsim: " + missing + ": no such file\n");
  const ProgramRun is_folder = run_helixsim("replay " + folder.path().string());
  CHECK(is_folder.status == 2);
  CHECK(is_folder.err == "helixsim: " + folder.path().string() + ": cannot be read\n");
  CHECK(run_helixsim("replay").status == 2);
}

TEST_CASE("the reference cases are answered in their order and with their makespans",
          "[cli][replay]") {
  const std::string folder = HELIXSIM_SOURCE_DIR "/tests/reference/replay/";
  const ProgramRun run = run_helixsim("replay " + folder + "cases.jsonl");
  CHECK(run.status == 0);
  const auto answers = lines_of(run.out);
  std::ifstream file(folder + "expected.jsonl");
  std::size_t i = 0;
  for (std::string line; std::getline(file, line); ++i) {
    REQUIRE(i < answers.size());
    const Json expected = Json::parse(line);
    const Json answer = Json::parse(answers[i]);
    CHECK(answer.at("name") == expected.at("name"));
    CHECK(answer.at("makespan").get<double>() ==
          Approx(expected.at("makespan").get<double>()).epsilon(1e-9));
  }
  CHECK(i == answers.size());
}

TEST_CASE("the help of replay fits 80 columns and says what a case is", "[cli][replay]") {
  const ProgramRun run = run_helixsim("replay --help");
  CHECK(run.status == 0);
  for (const std::string& line : lines_of(run.out)) {
    CAPTURE(line);
    CHECK(line.size() <= 80);
  }
  for (const std::string key :
       {"name", "resources", "capacity", "tasks", "id", "work", "latency", "fifo", "links", "cap",
        "deps", "start", "finish", "makespan", "error"}) {
    CAPTURE(key);
    std::string quoted("\"");
    quoted.append(key).append("\"");
    CHECK_THAT(run.out, Catch::Contains(quoted));
  }
}
