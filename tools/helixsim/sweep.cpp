#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/report/frontier_table.hpp"
#include "tools/helixsim/run_scenario.hpp"
#include "tools/helixsim/setup_flags.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim sweep configs/sweeps/smoke.json --model llama-3.1-405b \
                 --out results/smoke --overwrite
FILE is a search space (with --model) or a scenario (all its studies), looked
up in the working folder, then in the program's own data.)";

struct Options {
  RunOptions run;
  std::string file;
  SetupFlags setup;
};

/// A scenario as it is, or a search space with the setup from the flags.
Scenario open_file(const Options& options, const Catalog& catalog) {
  const SplitOverrides changes = split_overrides(options.run.common.overrides());
  const Node file =
      with_overrides(catalog.read("configs/sweeps", options.file, "FILE"), changes.file);
  const bool is_scenario = file.has("studies");
  const nlohmann::json flags = options.setup.merged();
  const Node setup(std::make_shared<nlohmann::json>(flags), "");
  if (is_scenario) {
    if (!flags.empty()) {
      setup.at(flags.begin().key()).fail("a scenario names its own; use --set to change it");
    }
    return read_scenario(file, catalog, changes.setup);
  }
  SetupRequest request;
  read_setup_keys(setup, catalog, request);
  return scenario_of_search_space(file, request, catalog, changes.setup);
}

nlohmann::ordered_json counts_object(const SearchCounts& counts) {
  nlohmann::ordered_json object{
      {"simulated", counts.simulated},
      {"infeasible", counts.infeasible()},
      {"infeasible_by_reason",
       {{"kv_cache", counts.infeasible_kv_cache}, {"weights", counts.infeasible_weights}}},
      {"invalid", counts.invalid}};
  if (counts.pruned) object["pruned"] = *counts.pruned;
  return object;
}

std::string counts_csv(const SearchCounts& counts) {
  const bool pruned = counts.pruned.has_value();
  return fmt::format(
      "simulated,infeasible,infeasible_kv_cache,infeasible_weights,invalid{}\n{},{},{},{},{}{}\n",
      pruned ? ",pruned" : "", counts.simulated, counts.infeasible(), counts.infeasible_kv_cache,
      counts.infeasible_weights, counts.invalid,
      pruned ? "," + std::to_string(*counts.pruned) : "");
}

void print_result(const ScenarioRun& run, const Options& options) {
  switch (options.run.common.output_format()) {
    case OutputFormat::Json:
      fmt::print("{}\n", nlohmann::ordered_json{{"counts", counts_object(run.report.counts)},
                                                {"out", options.run.out}}
                             .dump(2));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", counts_csv(run.report.counts));
      break;
    case OutputFormat::Table:
      fmt::print("{}{}\n\n", frontier_tables(run.report), counts_sentence(run.report.counts));
      print_where(options.run);
      break;
  }
}

int run(const Options& options) {
  (void)options.run.common.output_format();
  if (options.run.out.empty()) throw ConfigError("--out: expected a folder");
  if (options.run.prune && !options.run.points.empty())
    throw ConfigError("--prune: leaves points out, so it does not go with --points");
  const Catalog catalog = Catalog::find();
  Scenario scenario = open_file(options, catalog);
  seed_draws(scenario, options.run);
  const ScenarioRun result = run_scenario(scenario, options.run, false);
  if (result.interrupted) {
    tell("helixsim: interrupted; nothing was written\n");
    return kInterrupted;
  }
  print_result(result, options);
  if (result.counts.simulated == 0) {
    tell("helixsim: no point of the search space is feasible\n");
    return kNothingFeasible;
  }
  return kDone;
}

}  // namespace

void add_sweep(CLI::App& program, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App& app = *program.add_subcommand("sweep", "A search space: frontiers, report, plots");
  app.footer(kExample);
  app.add_option("file", options->file,
                 "Search space or scenario, by path or name in configs/sweeps")
      ->required()
      ->type_name("FILE");
  app.add_option("--out", options->run.out, "Folder for the results")->required()->type_name("DIR");
  app.add_flag("--prune", options->run.prune,
               "Leave out points that no frontier can hold; the frontiers are the same");
  add_setup_flags(app, options->setup);
  add_run_options(app, options->run);
  app.callback([options, &status] { status = run(*options); });
}

}  // namespace helixsim
