#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "sim/report/claims_table.hpp"
#include "sim/report/frontier_table.hpp"
#include "tools/helixsim/reproduce_validation.hpp"
#include "tools/helixsim/run_scenario.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim reproduce scenarios/helix_paper.json --out results/helix_paper \
                     --overwrite
  helixsim reproduce scenarios/validation/r1_h200_concurrency.json
Ends with status 1 when a claim with a band, or a sound published number, is
outside its band.)";

struct Options {
  RunOptions run;
  std::string file;
};

int run(const Options& options) {
  const OutputFormat format = options.run.common.output_format();
  const Catalog catalog = Catalog::find();
  const SplitOverrides changes = split_overrides(options.run.common.overrides());
  const std::vector<Node> published = validation_files(options.file, catalog, changes.file);
  if (!published.empty())
    return reproduce_validations(published, catalog, changes.setup, options.run);
  const Node file = with_overrides(catalog.read("scenarios", options.file, "FILE"), changes.file);
  Scenario scenario = read_scenario(file, catalog, changes.setup);
  seed_draws(scenario, options.run);
  if (scenario.claims.empty())
    throw ConfigError(file.file() + ": the scenario has no claims; use sweep to run it");
  const ScenarioRun result = run_scenario(scenario, options.run, true);
  if (result.interrupted) {
    tell("helixsim: interrupted; nothing was written\n");
    return kInterrupted;
  }
  switch (format) {
    case OutputFormat::Json:
      fmt::print("{}", claims_json(result.report.claims));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", claims_csv(result.report.claims));
      break;
    case OutputFormat::Table:
      fmt::print("{}\n\n{}\n{}\n", scenario.title, claims_table(result.report.claims),
                 counts_sentence(result.report.counts));
      print_where(options.run);
      break;
  }
  if (!result.claims_hold) tell("helixsim: a claim is outside its band\n");
  if (!result.claims_hold) return kClaimFailed;
  if (result.counts.simulated > 0) return kDone;
  tell("helixsim: no point of the scenario is feasible\n");
  return kNothingFeasible;
}

}  // namespace

void add_reproduce(CLI::App& program, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App& app =
      *program.add_subcommand("reproduce", "Published claims and steps beside ours, judged");
  app.footer(kExample);
  app.add_option("file", options->file,
                 "Scenario, by path or name in scenarios; or published steps, a file or a folder")
      ->required()
      ->type_name("FILE");
  app.add_option("--out", options->run.out, "Folder for the results, as sweep writes them")
      ->type_name("DIR");
  add_run_options(app, options->run);
  app.callback([options, &status] { status = run(*options); });
}

}  // namespace helixsim
