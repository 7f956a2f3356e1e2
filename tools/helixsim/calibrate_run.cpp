#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include "sim/calibration/record_file.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "tools/calibrate/harness/plan.hpp"
#include "tools/calibrate/harness/session.hpp"
#include "tools/calibrate/harness/watched_run.hpp"
#include "tools/calibrate/runner/open_gpu.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/progress.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

constexpr double kFullSeconds = 540.0;   // with set-up within ten minutes
constexpr double kAnchorSeconds = 55.0;  // within one

struct RunOptions {
  std::string out;
  std::vector<std::string> only;
  double budget = 0.0;
  bool anchor = false;
};

void check_kernels(const std::vector<std::string>& only) {
  std::vector<std::string> known;
  for (const PlanEntry& entry : plan_entries()) known.emplace_back(entry.kernel);
  for (const std::string& name : only) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw ConfigError(
          fmt::format("--only: unknown kernel \"{}\"{}", name, suggestion(name, known)));
  }
}

std::size_t record_count(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error) ? read_records(file).records.size() : 0;
}

/// Keys of what is measured already, by this GPU. Suspect and failed ones of earlier runs, which
/// left `earlier` records, are measured again.
std::set<std::string> done_in(const fs::path& file, const GpuFacts& gpu, std::size_t earlier) {
  std::set<std::string> done;
  std::error_code error;
  if (!fs::exists(file, error)) return done;
  const RecordList list = read_records(file);
  if (!list.torn.empty())
    tell("{}: the last line is cut off; it is measured again\n", file.string());
  for (std::size_t i = 0; i < list.records.size(); ++i) {
    const MeasuredRecord& record = list.records[i];
    const bool good = (record.check.ok && !record.suspect) || i >= earlier;
    if (record.gpu.uuid_hash == gpu.uuid_hash && good) done.insert(record.key.text());
  }
  return done;
}

void print_summary(const SessionResult& result, const RunOptions& options) {
  fmt::print("{} cells measured, {} known already, {} not reached\n", result.measured, result.known,
             result.not_reached);
  if (result.suspect > 0)
    fmt::print(
        "{} are suspect: the GPU's rate moved while they were measured; a later run measures "
        "them again\n",
        result.suspect);
  if (result.failed_checks > 0)
    fmt::print("{} failed their check and were not timed\n", result.failed_checks);
  for (const LeftOut& one : result.left_out) tell("left out: {}: {}\n", one.cell, one.why);
  fmt::print("records in {}\n", options.out);
  if (result.not_reached > 0) fmt::print("the same command goes on with the rest\n");
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Cells that may well do the same when one of them crashes.
std::string kind_of(const CellKey& key) {
  return key.kernel + " " + key.variant;
}

/// What one process measures.
struct Turn {
  double budget = 0.0;      ///< seconds
  std::size_t earlier = 0;  ///< records that were there before the command
};

/// In a process of its own; `lost` took earlier ones along.
int measure(const RunOptions& options, const Turn& turn, WatchedSide& side, const LostCells& lost) {
  std::string why;
  const std::unique_ptr<GpuBench> gpu = open_gpu(why);
  if (gpu == nullptr) {
    tell("helixsim: no GPU to measure on: {}\n", why);
    return kNothingFeasible;
  }
  const GpuFacts facts = gpu->facts();
  std::vector<Cell> cells =
      options.anchor ? anchor_cells(facts) : calibration_cells(facts, options.only);
  std::erase_if(
      cells, [&](const Cell& cell) { return lost.contains(cell.key.text(), kind_of(cell.key)); });
  SessionOptions session;
  session.budget_seconds = turn.budget;
  session.done = done_in(options.out, facts, turn.earlier);
  RecordAppender records(options.out);
  session.record = [&](const MeasuredRecord& record) { records.append(record); };
  session.begins = [&](const MeasuredRecord& record) {
    side.begins(record.key.text(), kind_of(record.key), to_json_line(record));
  };
  catch_interrupts();
  session.stop = &interrupted();
  Progress progress(fmt::format("measuring {}", facts.name), "cells");
  session.progress = [&](int behind, int all, double left) { progress.update(behind, all, left); };
  const SessionResult result = measure_cells(*gpu, ceiling_cell(facts), cells, session);
  print_summary(result, options);
  if (interrupted()) return kInterrupted;
  return result.failed_checks > 0 ? kClaimFailed : kDone;
}

/// A failed call of the GPU spoils the process: the cell is lost.
int measure_or_fail(const RunOptions& options, const Turn& turn, WatchedSide& side,
                    const LostCells& lost) {
  try {
    return measure(options, turn, side, lost);
  } catch (const ConfigError& error) {
    tell("helixsim: {}\n", error.what());
    return kWrongInput;
  } catch (const std::exception& error) {
    tell("helixsim: {}\n", error.what());
    return kLostStatus;
  }
}

int run(const RunOptions& options) {
  check_kernels(options.only);
  const double budget = options.budget > 0.0 ? options.budget
                        : options.anchor     ? kAnchorSeconds
                                             : kFullSeconds;
  const double end = seconds_now() + budget;
  const std::size_t earlier = record_count(options.out);
  catch_interrupts();  // the process that measures ends by itself
  const WatchedResult result = run_watched(
      [&](WatchedSide& side, const LostCells& lost) {
        const Turn turn{.budget = std::max(1.0, end - seconds_now()), .earlier = earlier};
        return measure_or_fail(options, turn, side, lost);
      },
      [&](const LostCell& cell) {
        tell("helixsim: {}: {}; its record says so, and the rest goes on\n", cell.key,
             cell.killed ? "never ended" : "took the process along");
        RecordAppender(options.out).append_line(cell.record);
      });
  if (result.gave_up) {
    tell("helixsim: the GPU cannot be measured: {}\n", result.lost.empty()
                                                           ? "the process ended before any cell"
                                                           : "too many cells end their process");
    return kClaimFailed;
  }
  if (!result.lost.empty() && result.status == kDone) return kClaimFailed;
  return result.status;
}

void add_run_flags(CLI::App& app, RunOptions& options, double seconds) {
  app.add_option("--out", options.out,
                 "Records file: lines are added, what it has is not measured again")
      ->required()
      ->type_name("FILE");
  app.add_option("--budget", options.budget,
                 fmt::format("Seconds to measure for (default {:g})", seconds))
      ->check(CLI::Range(1.0, 86'400.0))
      ->type_name("SECONDS");
}

std::string kernels_text() {
  std::string text = "Kernels, in the order of what they tell:\n";
  for (const PlanEntry& entry : plan_entries())
    text += fmt::format("  {:<16}{}\n", entry.kernel, entry.text);
  return text;
}

}  // namespace

void add_calibrate_run(CLI::App& calibrate, int& status) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& app = *calibrate.add_subcommand("run", "Measure the kernels on this machine's GPU");
  add_run_flags(app, *options, kFullSeconds);
  app.add_option("--only", options->only, "Kernel to measure (repeatable); else all")
      ->type_name("KERNEL");
  app.footer(kernels_text() + R"(
Example:
  helixsim calibrate run --out my_gpu.jsonl
Takes nine minutes (--budget). What matters most is measured first, so a run
that is cut off is of use; the same command goes on. Without a GPU the exit
status is 3; it is 1 where a kernel failed its check.)");
  app.callback([options, &status] { status = run(*options); });

  const auto few = std::make_shared<RunOptions>();
  few->anchor = true;
  CLI::App& anchor =
      *calibrate.add_subcommand("anchor", "A minute's measurement of each kernel's range");
  add_run_flags(anchor, *few, kAnchorSeconds);
  anchor.footer(R"(Example:
  helixsim calibrate anchor --out my_gpu.jsonl
A few points of each kernel: enough for the rates of a GPU of a known kind.)");
  anchor.callback([few, &status] { status = run(*few); });
}

}  // namespace helixsim
