#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/record_line.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

std::string record(const std::string& kernel, const std::string& shape, double bytes, double us) {
  return RecordLine{.kernel = kernel, .shape = shape, .us = us, .bytes = bytes, .variant = "loads"}
      .text();
}

/// GEMMs by a simple law, and the read stream.
std::string some_records() {
  std::string text = record("stream_read", R"("bytes":4000000000,"ctas":0)", 4e9, 1000.0);
  for (const int m : {1, 8, 64, 512}) {
    for (const int n : {512, 4096, 16384}) {
      for (const int k : {512, 4096, 16384}) {
        const double bytes = 2.0 * n * k + 2.0 * m * (n + k);
        text += record("gemm", gemm_shape(m, n, k), bytes,
                       2.0 + 0.4e-3 * k + bytes / 3.6e6 + 2.5e-9 * m * n * k);
      }
    }
  }
  return text;
}

constexpr const char* kCommand =
    "calibrate report --system h200_hgx8 --records my.jsonl --out r --overwrite";

}  // namespace

TEST_CASE("calibrate report writes a page and tables of rows held out", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records());
  const ProgramRun run = run_helixsim(kCommand, folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  CHECK(run.out.find("gemm/bfloat16") != std::string::npos);
  const std::string page = contents(folder.path() / "r/calibration.html");
  CHECK(page.find("http-equiv=\"Content-Security-Policy\"") != std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("&lt;Made up&gt;") != std::string::npos);
  CHECK(page.find("<Made up>") == std::string::npos);
  CHECK(page.find("Fraction of the read stream") != std::string::npos);
  CHECK(page.find("What others reach") != std::string::npos);
  CHECK(page.find("Repeatability") != std::string::npos);

  const Json json = Json::parse(contents(folder.path() / "r/calibration.json"));
  CHECK(json.at("format") == "helixsim/calibration_report/1");
  const Json family = json.at("families").at("gemm/bfloat16");
  CHECK(family.at("rows") == 36);
  CHECK(family.at("in_turn") == false);
  CHECK(family.at("judged_rows") < 18);
  CHECK(family.at("parameters").at("l2_bandwidth").at("flags") == "pinned");
  CHECK(family.at("parameters").at("bandwidth").at("profile").size() > 4);
  CHECK(json.at("spread").at("gemm").at("median_percent") == Approx(1.0));
  CHECK(contents(folder.path() / "r/parameters.csv").starts_with("system,family,parameter,unit,"));
  const std::string stream = contents(folder.path() / "r/stream.csv");
  CHECK(std::count(stream.begin(), stream.end(), '\n') == 37);  // a head and 36 GEMMs

  CHECK(run_helixsim(kCommand, folder.path()).out == run.out);
  CHECK(contents(folder.path() / "r/calibration.html") == page);
}

TEST_CASE("calibrate report ends with 1 when rows held out miss an aim", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records());
  const std::string command = kCommand;
  const ProgramRun missed = run_helixsim(command + " --require-median 0.01", folder.path());
  CHECK(missed.status == 1);
  CHECK(missed.err.find("gemm/bfloat16 misses its aims") != std::string::npos);
  CHECK(contents(folder.path() / "r/calibration.html").find("missed") != std::string::npos);
  CHECK(run_helixsim(command + " --require-median 90 --require-p90 99", folder.path()).status == 0);
  CHECK(run_helixsim(command + " --require-p90 -1", folder.path()).status == 2);
}

TEST_CASE("calibrate report wants one kind of measurements", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records());
  const ProgramRun none =
      run_helixsim("calibrate report --system h200_hgx8 --out r", folder.path());
  CHECK(none.status == 2);
  CHECK(none.err.find("expected one of --measurements and --records") != std::string::npos);
  CHECK(run_helixsim(std::string(kCommand) + " --measurements .", folder.path()).status == 2);
}

TEST_CASE("calibrate commands say what is wrong with their files and replace nothing else",
          "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records());
  (void)folder.file("empty.jsonl", "");
  (void)folder.file("notes.json", "{}");
  std::filesystem::create_directories(folder.path() / "thesis");
  (void)folder.file("thesis/chapter.txt", "one");
  (void)folder.file("mine.json", "{}");
  const auto message = [&](const std::string& arguments) {
    const ProgramRun run = run_helixsim("calibrate " + arguments, folder.path());
    CAPTURE(arguments, run.err);
    CHECK(run.status == 2);
    CHECK(run.out.empty());
    return run.err;
  };
  const std::string fit = "fit --system h200_hgx8 --records ";
  CHECK(message(fit + "empty.jsonl --out x.json") ==
        "helixsim: --records: no record in empty.jsonl\n");
  CHECK(message(fit + "thesis --out x.json") ==
        "helixsim: thesis: is a folder, expected a file of records\n");
  CHECK(message("run --out thesis") ==
        "helixsim: thesis: is a folder, expected a file of records\n");
  CHECK(message(fit + "my.jsonl --out notes.json") ==
        "helixsim: --out: notes.json is there already, is no \"helixsim/system/1\" and is not "
        "replaced\n");
  CHECK_THAT(message(fit + "my.jsonl --out x.json --report thesis"),
             Catch::StartsWith("helixsim: --report: ") &&
                 Catch::Contains("does not hold results of this program"));
  CHECK_THAT(message(fit + "my.jsonl --out x.json --format csv"), Catch::Contains("--format"));
  CHECK_THAT(message("layers --records my.jsonl --system mine"),
             Catch::EndsWith("did you mean \"mine.json\"?\n"));
  CHECK(contents(folder.path() / "notes.json") == "{}");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "x.json"));
}

TEST_CASE("calibrate fit says what it fitted, what it kept and what it left out",
          "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records());
  const ProgramRun run = run_helixsim(
      "calibrate fit --system h200_hgx8 --records my.jsonl --out my.json", folder.path());
  CAPTURE(run.out, run.err);
  REQUIRE(run.status == 0);
  CHECK(run.out.find("gemm/bfloat16") != std::string::npos);
  CHECK(run.out.find("wideep_moe") == std::string::npos);  // of other measurements
  CHECK_THAT(run.out, Catch::Contains(" other families have no records and stay as they are"));
  CHECK_THAT(run.out, Catch::Contains("  1 rows of stream_read: no law is fitted to it"));
  const Json laws = Json::parse(contents(folder.path() / "laws/my.json"));
  CHECK_THAT(laws.at("software").get<std::string>(),
             Catch::StartsWith("<Made up>, cuda 13.0; other families: TensorRT-LLM"));
  CHECK(run_helixsim("check my.json my.jsonl", folder.path()).out ==
        "my.json: right (system)\nmy.jsonl: right (37 records of <Made up>)\n");
}

namespace {

std::string changed(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

constexpr const char* kFit = "calibrate fit --system h200_hgx8 --records my.jsonl --out my.json";

/// One line that says it; no files.
void check_refused(const ProgramRun& run, const TemporaryFolder& folder, const std::string& text) {
  CAPTURE(run.out, run.err);
  CHECK(run.status == 2);
  CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
  CHECK(run.err.find(text) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "my.json"));
}

}  // namespace

TEST_CASE("records that nothing can be fitted to are said to be that", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", "");
  check_refused(run_helixsim(kFit, folder.path()), folder, "--records: no record in my.jsonl");
  (void)folder.file("my.jsonl", changed(some_records(), "\"ok\":true", "\"ok\":false"));
  check_refused(run_helixsim(kFit, folder.path()), folder,
                "none of 37 records is one that a law could be fitted to; 37 of records: suspect, "
                "failed, warm or standing in");
}

TEST_CASE("a single record does not take the place of a system's law", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", record("gemm", R"("m":1,"n":512,"k":512)", 5e5, 3.0));
  check_refused(run_helixsim(kFit, folder.path()), folder,
                "1 of gemm: a single row, too few for a law of gemm/bfloat16");
}

TEST_CASE("records of two kinds of GPU are not mixed", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records() + changed(some_records(), "<Made up>", "Other"));
  check_refused(run_helixsim(kFit, folder.path()), folder,
                "my.jsonl: expected records of one kind of GPU, got Other (132 multiprocessors, sm "
                "9.0) beside <Made up>");
  CHECK(run_helixsim("calibrate layers --system h200_hgx8 --records my.jsonl", folder.path())
            .err.find("one kind of GPU") != std::string::npos);
}

TEST_CASE("a GPU of another width than the system's is told of", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", changed(some_records(), "\"sms\":132", "\"sms\":114"));
  const ProgramRun run = run_helixsim(kFit, folder.path());
  CHECK(run.status == 0);
  CHECK(run.err.find("warning: <Made up> (114 multiprocessors, sm 9.0) was measured, and h200_hgx8 "
                     "has 132") != std::string::npos);
}

TEST_CASE("calibrate fit refuses a format before it fits, and writes no laws that nobody can read",
          "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records());
  const std::string fit = kFit;
  check_refused(run_helixsim(fit + " --format xml", folder.path()), folder, "unknown format");
  check_refused(run_helixsim(fit + " --format csv", folder.path()), folder, "--format: ");
  std::string text = some_records();
  for (const int m : {1, 8, 64, 512}) {
    for (int off = 0; off < 40; ++off)
      text += record(
          "gemm", "\"m\":" + std::to_string(m) + ",\"n\":512,\"k\":" + std::to_string(1024 + off),
          1e6, off % 2 == 0 ? 1e-5 : 1e7);
  }
  (void)folder.file("my.jsonl", changed(text, "\"empty_us\":1.200000", "\"empty_us\":0"));
  const ProgramRun run = run_helixsim(kFit, folder.path());
  CAPTURE(run.err);
  CHECK(run.status == 2);
  CHECK(run.err.find("--out: laws/my.json: /laws/") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "my.json"));
}

TEST_CASE("a fit to more records renews the gaps of its own system file", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", some_records());
  REQUIRE(run_helixsim(kFit, folder.path()).status == 0);
  const auto gap = [&] {
    return Json::parse(contents(folder.path() / "my.json"))
        .at("fidelities")
        .at("measured")
        .at("kernels")
        .at("launch_gap")
        .at("value");
  };
  CHECK(gap() == "1.2 us");
  (void)folder.file("my.jsonl",
                    changed(some_records(), "\"empty_us\":1.200000", "\"empty_us\":1.7"));
  REQUIRE(
      run_helixsim("calibrate fit --system my.json --records my.jsonl --out my.json", folder.path())
          .status == 0);
  CHECK(gap() == "1.7 us");
}
