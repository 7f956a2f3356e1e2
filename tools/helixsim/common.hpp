#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/override.hpp"

namespace CLI {
class App;
}

namespace helixsim {

/// Exit statuses of the program.
enum ExitStatus : int {
  kDone = 0,
  kClaimFailed = 1,
  kWrongInput = 2,
  kNothingFeasible = 3,
  kInterrupted = 130
};

enum class OutputFormat { Table, Json, Csv };

/// Options that several commands share, as typed.
struct CommonOptions {
  std::string format = "table";
  std::vector<std::string> sets;
  int threads = 0;
  std::optional<std::uint32_t> seed;

  [[nodiscard]] OutputFormat output_format() const;
  [[nodiscard]] std::vector<Override> overrides() const;
  /// Given with --threads, else all processors.
  [[nodiscard]] unsigned thread_count() const;
};

void add_format(CLI::App& app, CommonOptions& options);
/// --set; with `setup`, paths below model. and system. reach those files.
void add_set(CLI::App& app, CommonOptions& options, bool setup = false);
void add_threads(CLI::App& app, CommonOptions& options);
void add_seed(CLI::App& app, CommonOptions& options);

/// Each adds its command to the program and stores its exit status when it has run.
void add_simulate(CLI::App& program, int& status);
void add_sweep(CLI::App& program, int& status);
void add_reproduce(CLI::App& program, int& status);
void add_pareto(CLI::App& program, int& status);
void add_list(CLI::App& program, int& status);
void add_check(CLI::App& program, int& status);
void add_replay(CLI::App& program, int& status);
void add_calibrate(CLI::App& program, int& status);
/// `check`, below `calibrate`.
void add_calibrate_check(CLI::App& calibrate, int& status);
/// `layers`, below `calibrate`.
void add_calibrate_layers(CLI::App& calibrate, int& status);
/// `report`, below `calibrate`.
void add_calibrate_report(CLI::App& calibrate, int& status);
/// `run` and `anchor`, below `calibrate`.
void add_calibrate_run(CLI::App& calibrate, int& status);
/// `transfer`, below `calibrate`.
void add_calibrate_transfer(CLI::App& calibrate, int& status);
void add_validate(CLI::App& program, int& status);

}  // namespace helixsim
