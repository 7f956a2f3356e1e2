#include "sim/report/trace/trace_file.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "sim/config/config_error.hpp"
#include "sim/report/trace/registry.hpp"
#include "tests/report/trace_case.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;
namespace fs = std::filesystem;

TEST_CASE("every trace format has an extension of its own and writes the same bytes each time",
          "[report][trace][conformance]") {
  std::set<std::string_view> extensions;
  for (const TraceFormat& format : trace_formats()) {
    CAPTURE(format.extension);
    CHECK(format.extension.front() == '.');
    CHECK_FALSE(format.name.empty());
    CHECK_FALSE(format.summary.empty());
    CHECK(extensions.insert(format.extension).second);
    CHECK(&trace_format_for("some/step" + std::string(format.extension)) == &format);
    std::ostringstream once, twice;
    format.write(hop_b_trace(), once);
    format.write(hop_b_trace(), twice);
    CHECK(once.str() == twice.str());
    CHECK_FALSE(once.str().empty());
    std::ostringstream nothing;
    CHECK_NOTHROW(format.write(Trace(), nothing));
  }
}

TEST_CASE("a trace file's format is told by its extension, and the message names them",
          "[report][trace]") {
  CHECK(trace_format_for("a.b/step.json").name == "chrome");
  CHECK(trace_format_for("step.pftrace").name == "perfetto");
  CHECK(trace_format_for("step.perfetto-trace").name == "perfetto");
  for (const std::string path : {"step.svg", "step", "a.json/step", ".json", ""}) {
    CAPTURE(path);
    CHECK_THROWS_WITH(trace_format_for(path),
                      "--trace: " + path +
                          ": expected a name that ends in one of .json, .pftrace, .perfetto-trace");
    CHECK_THROWS_AS(trace_format_for(path), ConfigError);
  }
}

TEST_CASE("a trace file takes the place of an earlier one", "[report][trace]") {
  const TemporaryFolder folder;
  const fs::path path = folder.file("step.json", "old");
  write_trace_file(tiny_trace(), path);
  std::ostringstream expected;
  trace_format_for(path).write(tiny_trace(), expected);
  CHECK(contents(path) == expected.str());
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a link to a trace file stays a link", "[report][trace]") {
  const TemporaryFolder folder;
  const fs::path target = folder.file("step.json", "old");
  fs::create_symlink(target, folder.path() / "link.json");
  write_trace_file(tiny_trace(), folder.path() / "link.json");
  CHECK(fs::is_symlink(folder.path() / "link.json"));
  CHECK(contents(target) != "old");
}

TEST_CASE("an earlier trace file stays when the new one cannot be written", "[report][trace]") {
  const TemporaryFolder folder;
  const fs::path path = folder.file("step.pftrace", "old");
  Trace overlapping;
  const TrackId track = overlapping.add_track(overlapping.add_process("GPU 0"), "compute");
  overlapping.add({.duration = SimTime(2), .track = track});
  overlapping.add({.start = SimTime(1), .duration = SimTime(2), .track = track});
  CHECK_THROWS_AS(write_trace_file(overlapping, path), std::logic_error);
  CHECK(contents(path) == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a trace file that cannot be written is told", "[report][trace]") {
  const TemporaryFolder folder;
  const std::string missing = (folder.path() / "missing" / "step.json").string();
  CHECK_THROWS_WITH(write_trace_file(tiny_trace(), missing),
                    "--trace: " + missing + " cannot be written: No such file or directory");
  const fs::path taken = folder.path() / "taken.json";
  fs::create_directory(taken);
  CHECK_THROWS_WITH(write_trace_file(tiny_trace(), taken),
                    "--trace: " + taken.string() + " cannot be written: it is a folder");
  fs::create_symlink("/dev/full", folder.path() / "device.json");
  CHECK_THROWS_WITH(write_trace_file(tiny_trace(), folder.path() / "device.json"),
                    Catch::Contains("it is not a plain file"));
  CHECK(entries(folder.path()) == 2);
}
