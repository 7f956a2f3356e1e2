#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/run_program.hpp"

using namespace helixsim;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kSmall =
    "simulate --model deepseek-r1 --strategy helix --kvp 4 --ep 4 --batch 4 --hop-b best ";

}  // namespace

TEST_CASE("a trace is written beside the report, whole, and its size is told",
          "[cli][simulate][trace]") {
  const TemporaryFolder folder;
  const ProgramRun plain = run_helixsim(kSmall);
  const ProgramRun run = run_helixsim(kSmall + "--trace step.json", folder.path());
  CAPTURE(run.err);
  CHECK(run.status == 0);
  CHECK(run.out == plain.out);
  CHECK_THAT(run.err, Catch::Contains("trace: step.json: ") && Catch::Contains("on 4 GPUs"));
  CHECK(entries(folder.path()) == 1);
  const Json trace = Json::parse(contents(folder.path() / "step.json"));
  double last = 0.0;
  for (const Json& event : trace.at("traceEvents")) {
    if (event.at("ph") == "X") {
      last = std::max(last, event.at("ts").get<double>() + event.at("dur").get<double>());
    }
  }
  const Json report = Json::parse(run_helixsim(kSmall + "--format json").out);
  CHECK(last == Approx(report.at("ttl_s").get<double>() * 1e6).epsilon(1e-12));
}

TEST_CASE("a trace is the same each time, in every format", "[cli][simulate][trace]") {
  const TemporaryFolder folder;
  for (const std::string name : {"step.json", "step.pftrace", "step.perfetto-trace"}) {
    CAPTURE(name);
    CHECK(run_helixsim(kSmall + "--trace " + name, folder.path()).status == 0);
    const std::string first = contents(folder.path() / name);
    CHECK_FALSE(first.empty());
    CHECK(run_helixsim(kSmall + "--trace " + name, folder.path()).status == 0);
    CHECK(contents(folder.path() / name) == first);
  }
}

TEST_CASE("a trace shows the first layers of each kind", "[cli][simulate][trace]") {
  const TemporaryFolder folder;
  const auto size = [&](const std::string& layers) {
    const ProgramRun run =
        run_helixsim(kSmall + "--trace a.pftrace --trace-layers " + layers, folder.path());
    CAPTURE(run.err);
    REQUIRE(run.status == 0);
    CHECK((run.err.find("--trace-layers all") != std::string::npos) == (layers != "all"));
    return contents(folder.path() / "a.pftrace").size();
  };
  CHECK(size("2") < size("3"));
  CHECK(size("3") * 10 < size("all"));
}

TEST_CASE("files that cannot be written are refused, and nothing is printed",
          "[cli][simulate][trace][errors]") {
  const TemporaryFolder folder;
  const std::pair<std::string, std::string> cases[] = {
      {"--trace step.svg",
       "--trace: step.svg: expected a name that ends in one of .json, .pftrace, .perfetto-trace"},
      {"--trace missing/step.json",
       "--trace: missing/step.json cannot be written: No such file or directory"},
      {"--trace-layers 2", "--trace-layers: is of use with --trace only"},
      {"--trace step.json --trace-layers none",
       "--trace-layers: expected a count of layers or \"all\", got \"none\""},
      {"--trace step.json --trace-layers 0",
       "--trace-layers: expected a count of layers or \"all\", got \"0\""},
  };
  for (const auto& [arguments, expected] : cases) {
    CAPTURE(arguments);
    const ProgramRun run = run_helixsim(kSmall + arguments, folder.path());
    CHECK(run.status == 2);
    CHECK(run.out.empty());
    CHECK(run.err == "helixsim: " + expected + "\n");
    CHECK(entries(folder.path()) == 0);
  }
}

TEST_CASE("a point that does not fit has no trace", "[cli][simulate][trace]") {
  const TemporaryFolder folder;
  const ProgramRun run = run_helixsim(
      "simulate --model llama-3.1-405b --strategy tp --trace step.json", folder.path());
  CHECK(run.status == 3);
  CHECK(entries(folder.path()) == 0);
}
