#pragma once

#include <string>
#include <vector>

#include "sim/report/report_data.hpp"
#include "sim/sweep/scenario.hpp"
#include "tools/helixsim/common.hpp"

namespace helixsim {

/// What sweep and reproduce share: where results go and in which form.
struct RunOptions {
  CommonOptions common;
  std::string out;
  std::string points;  ///< "", "csv" or "jsonl"
  bool overwrite = false;
  long long sample = 50'000;
  bool prune = false;  ///< sweep only: claims may ask for any point
};

void add_run_options(CLI::App& app, RunOptions& options);

struct ScenarioRun {
  ReportData report;
  SearchCounts counts;
  bool claims_hold = true;
  bool interrupted = false;
};

/// Runs every study of a scenario, evaluates its claims and writes the result folder when one is
/// named. An interrupted run writes nothing. Errors: ConfigError.
/// Gives the draws of every study the seed of the flag, when there is one.
void seed_draws(Scenario& scenario, const RunOptions& options);

ScenarioRun run_scenario(const Scenario& scenario, const RunOptions& options, bool with_claims);

/// Prints where the files are, on stdout.
void print_where(const RunOptions& options);

}  // namespace helixsim
