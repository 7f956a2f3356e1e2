#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/record_line.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The commands that `helixsim --help` lists, in its order.
std::vector<std::string> commands() {
  std::vector<std::string> names;
  bool inside = false;
  for (const std::string& line : lines_of(run_helixsim("--help").out)) {
    if (inside && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    inside = inside || line.starts_with("Subcommands:");
  }
  return names;
}

/// The command lines of the indented block after "Example:" or "Examples:", continuations joined.
std::vector<std::string> examples(const std::string& help) {
  std::vector<std::string> found;
  bool inside = false;
  bool continued = false;
  for (std::string line : lines_of(help)) {
    const bool heading = line.starts_with("Example");
    if (inside && !heading && !continued && !line.starts_with(" ")) inside = false;
    if (inside) {
      const bool goes_on = line.ends_with("\\");
      if (goes_on) line.pop_back();
      if (continued) {
        found.back() += line;
      } else if (line.find("helixsim ") == line.find_first_not_of(' ')) {
        found.push_back(line);
      }
      continued = goes_on && !found.empty();
    }
    inside = inside || heading;
  }
  return found;
}

/// A table of measurements, as those of a user would be laid out; the times are made up.
std::string some_gemm_rows() {
  std::string text = "dtype,m,n,k,latency_us\n";
  for (const int m : {1, 16, 128, 1024}) {
    for (const int n : {512, 4096, 16384}) {
      for (const int k : {512, 4096, 16384}) {
        const double time = 2.0 + 0.4e-3 * k + 2e-9 * m * n * k;
        text += "bfloat16," + std::to_string(m) + "," + std::to_string(n) + "," +
                std::to_string(k) + "," + std::to_string(time) + "\n";
      }
    }
  }
  return text;
}

/// Records of a GPU, as `calibrate run` would leave them; the times are made up.
std::string some_records() {
  std::string text;
  for (const int m : {1, 8, 64, 512}) {
    for (const int n : {512, 4096, 16384}) {
      for (const int k : {512, 4096, 16384}) {
        text += RecordLine{.kernel = "gemm",
                           .shape = gemm_shape(m, n, k),
                           .us = 2.0 + 0.4e-3 * k + 2e-9 * m * n * k,
                           .impl = "lib"}
                    .text();
      }
    }
  }
  return text;
}

/// Whether an example measures on a GPU, which need not be there.
bool needs_gpu(const std::string& line) {
  return line.find("calibrate run") != std::string::npos ||
         line.find("calibrate anchor") != std::string::npos;
}

}  // namespace

TEST_CASE("the version is printed with the name", "[cli][help]") {
  const ProgramRun run = run_helixsim("--version");
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Catch::Matches("helixsim [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  CHECK(run.err.empty());
}

TEST_CASE("every command has help with an example", "[cli][help]") {
  REQUIRE_FALSE(commands().empty());
  for (const std::string& command : commands()) {
    CAPTURE(command);
    const ProgramRun run = run_helixsim(command + " --help");
    CHECK(run.status == 0);
    CHECK(run.err.empty());
    const auto lines = examples(run.out);
    CHECK(std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find("helixsim " + command + " ") != std::string::npos;
    }));
  }
}

TEST_CASE("help fits a terminal of 80 columns", "[cli][help]") {
  std::vector<std::string> all = commands();
  all.push_back("");
  for (const char* below : {"fit", "layers", "report", "check", "transfer", "run", "anchor"})
    all.push_back(std::string("calibrate ") + below);
  for (const std::string& command : all) {
    for (const std::string& line : lines_of(run_helixsim(command + " --help").out)) {
      CAPTURE(command, line);
      CHECK(line.size() <= 80);
    }
  }
}

TEST_CASE("every example works as typed, in the order of the commands", "[cli][help]") {
  // One folder for all, so that a command can read what the example of an earlier one wrote.
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "measurements" / "gb200");
  (void)folder.file("measurements/gb200/gemm.csv", some_gemm_rows());
  (void)folder.file("my_gpu.jsonl", some_records());
  for (const std::string& command : commands()) {
    for (const std::string& line : examples(run_helixsim(command + " --help").out)) {
      const ProgramRun run = run_shell(line, folder.path());
      CAPTURE(line, run.err);
      if (needs_gpu(line) && run.status == 3) {
        CHECK(run.out.empty());
        CHECK_THAT(run.err, Catch::StartsWith("helixsim: no GPU to measure on: "));
        continue;
      }
      CHECK(run.status == 0);
      CHECK_FALSE(run.out.empty());
    }
  }
}

TEST_CASE("a mistake in a flag is not a crash for any command", "[cli][help]") {
  for (const std::string& command : commands()) {
    CAPTURE(command);
    const ProgramRun run = run_helixsim(command + " --no-such-flag");
    CHECK(run.status == 2);
    CHECK(lines_of(run.err).size() == 1);
  }
}
