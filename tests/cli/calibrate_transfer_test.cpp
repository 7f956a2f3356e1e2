#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/record_line.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

/// GEMMs of a made-up GPU, half as fast as the laws of H200 say.
std::string some_records() {
  std::string text;
  for (const int m : {1, 8, 64}) {
    for (const int n : {512, 4096, 16384}) {
      const int k = 4096;
      text += RecordLine{.kernel = "gemm",
                         .shape = gemm_shape(m, n, k),
                         .us = 8.0 + 2.0 * n * k / 1.5e6,
                         .empty_us = 1.7,
                         .impl = "lib"}
                  .text();
    }
  }
  return text;
}

/// The data sheet of a GPU that nobody has measured, made from one of the project's.
void write_sheet(const TemporaryFolder& folder) {
  Json sheet = Json::parse(contents(HELIXSIM_SOURCE_DIR "/hw_models/systems/h200_hgx8.json"));
  sheet.erase("laws");
  sheet["name"] = "sheet";
  sheet["gpu"]["memory"]["bandwidth"]["value"] = "3.35 TB/s";
  (void)folder.file("sheet.json", sheet.dump());
}

Json laws_of(const TemporaryFolder& folder, const std::string& name) {
  return Json::parse(contents(folder.path() / "laws" / name));
}

}  // namespace

TEST_CASE("calibrate transfer writes a system that can be simulated, with wider intervals",
          "[cli][calibrate][transfer]") {
  const TemporaryFolder folder;
  write_sheet(folder);
  const ProgramRun run = run_helixsim(
      "calibrate transfer --from h200_hgx8 --system sheet.json --out my.json", folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  CHECK(run.out.find("written to my.json and laws/my.json") != std::string::npos);
  const Json gemm = laws_of(folder, "my.json").at("laws").at("gemm/bfloat16");
  CHECK(gemm.at("transferred_from") == "h200_hgx8");
  const std::string step =
      "simulate --model deepseek-r1 --strategy helix --kvp 8 --ep 8 --batch 4 --fidelity "
      "measured --format json --system ";
  const ProgramRun moved = run_helixsim(step + "my.json", folder.path());
  const ProgramRun source = run_helixsim(step + "h200_hgx8", folder.path());
  CAPTURE(moved.err);
  REQUIRE(moved.status == 0);
  const auto width = [](const ProgramRun& of) {
    const Json interval = Json::parse(of.out).at("ttl_interval");
    return interval.at("high_s").get<double>() / interval.at("low_s").get<double>();
  };
  CHECK(width(moved) > 1.1 * width(source));
}

TEST_CASE("records of the other GPU refit the laws that they tell of",
          "[cli][calibrate][transfer]") {
  const TemporaryFolder folder;
  write_sheet(folder);
  (void)folder.file("my.jsonl", some_records());
  const std::string command =
      "calibrate transfer --from h200_hgx8 --system sheet.json --records my.jsonl --out my.json";
  const ProgramRun run = run_helixsim(command + " --format json", folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  int refitted = 0;
  const Json report = Json::parse(run.out);
  for (const Json& family : report.at("families")) {
    if (!family.contains("measured")) continue;
    ++refitted;
    CHECK(family.at("family") == "gemm/bfloat16");
    CHECK(family.at("measured") == 9);
    CHECK(family.at("moved").at("median_percent") > 20.0);
    CHECK(family.at("refitted").at("median_percent") < 10.0);
  }
  CHECK(refitted == 1);
  const std::string source = laws_of(folder, "my.json").at("laws").at("gemm/bfloat16").at("source");
  CHECK(source.find("; then 9 measured on sheet") != std::string::npos);
  const Json system = Json::parse(contents(folder.path() / "my.json"));
  CHECK(system.at("fidelities").at("measured").at("kernels").at("in_graph_gap").at("value") ==
        "1.7 us");
  CHECK(run_helixsim(command, folder.path()).out.find("gemm/bfloat16         9") !=
        std::string::npos);
  CHECK(run_helixsim(command + " --format csv", folder.path())
            .out.find("gemm/bfloat16,h200_hgx8,9,") != std::string::npos);
}

TEST_CASE("laws that were fitted to the other GPU itself stay", "[cli][calibrate][transfer]") {
  const TemporaryFolder folder;
  const ProgramRun run = run_helixsim(
      "calibrate transfer --from h200_hgx8 --system gb300_nvl72 --out my.json", folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  const Json gb300 =
      Json::parse(contents(HELIXSIM_SOURCE_DIR "/hw_models/systems/laws/gb300_nvl72.json"));
  const Json mine = laws_of(folder, "my.json");
  for (const auto& [name, law] : gb300.at("laws").items()) {
    CAPTURE(name);
    CHECK(mine.at("laws").at(name) == law);
  }
  CHECK(mine.at("laws").size() >= gb300.at("laws").size());
  // What was measured of them is not used, and said to be so.
  (void)folder.file("my.jsonl", some_records());
  const ProgramRun unused = run_helixsim(
      "calibrate transfer --from h200_hgx8 --system gb300_nvl72 --records my.jsonl --out my.json",
      folder.path());
  CHECK(unused.out.find("as the GPU has a law of its own: gemm/bfloat16.") != std::string::npos);
}

TEST_CASE("laws are moved only to a system that can use them, and not onto their source",
          "[cli][calibrate][transfer]") {
  const TemporaryFolder folder;
  write_sheet(folder);
  Json bare = Json::parse(contents(folder.path() / "sheet.json"));
  bare["fidelities"].erase("measured");
  (void)folder.file("bare.json", bare.dump());
  const ProgramRun none = run_helixsim(
      "calibrate transfer --from h200_hgx8 --system bare.json --out my.json", folder.path());
  CHECK(none.status == 2);
  CHECK(none.err.find("/fidelities: expected a fidelity \"measured\"") != std::string::npos);
  const std::string again = "calibrate transfer --system sheet.json --out my.json --from ";
  REQUIRE(run_helixsim(again + "h200_hgx8", folder.path()).status == 0);
  const std::string laws = contents(folder.path() / "laws/my.json");
  const ProgramRun onto = run_helixsim(again + "my.json", folder.path());
  CHECK(onto.status == 2);
  CHECK(onto.err.find("is the system that laws are moved from") != std::string::npos);
  CHECK(contents(folder.path() / "laws/my.json") == laws);
}

TEST_CASE("mistakes of calibrate transfer are errors in one line", "[cli][calibrate][transfer]") {
  const TemporaryFolder folder;
  write_sheet(folder);
  (void)folder.file("empty.jsonl", "");
  const std::string command = "calibrate transfer --from h200_hgx8 --system sheet.json ";
  const auto fails = [&](const std::string& line, const std::string& with) {
    const ProgramRun run = run_helixsim(line, folder.path());
    CAPTURE(line, run.err);
    CHECK(run.status == 2);
    CHECK(run.err.find(with) != std::string::npos);
    CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "laws"));
  };
  fails(command + "--out my.txt", "--out: expected a name that ends in .json");
  fails(command + "--out my.json --records empty.jsonl", "--records: ");
  fails("calibrate transfer --from sheet.json --system sheet.json --out my.json",
        "sheet.json has no laws");
  fails("calibrate transfer --from h200_hgx --system sheet.json --out my.json", "h200_hgx8");
}
