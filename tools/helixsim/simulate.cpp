#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/config/suggest.hpp"
#include "sim/decode/memory.hpp"
#include "sim/decode/rack_effects.hpp"
#include "sim/decode/request.hpp"
#include "sim/decode/step_report.hpp"
#include "sim/report/step_json.hpp"
#include "sim/report/step_table.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/setup_flags.hpp"
#include "tools/helixsim/step_files.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim simulate --model deepseek-r1 --strategy helix --kvp 64 --ep 8 \
                    --batch 8 --context 1M --hop-b best
A FILE holds the same names as keys, with "format": "helixsim/point/1"; flags
win over it.)";

struct Options {
  CommonOptions common;
  std::string file;
  SetupFlags flags;
  bool sensitivity = false;
  StepFiles files;
};

/// The file's keys with the flags laid over them.
Node merged_document(const Options& options, const std::vector<Override>& changes) {
  nlohmann::json document = nlohmann::json::object();
  std::string name;  // none: messages call the keys flags
  if (!options.file.empty()) {
    const Node file = with_overrides(read_json_file(options.file), changes);
    file.expect("format", "helixsim/point/1");
    document = file.json();
    name = options.file;
  } else if (!changes.empty()) {
    throw ConfigError("--set " + changes.front().path +
                      ": without a file only model. and system. can be changed");
  }
  nlohmann::json flags = options.flags.merged();
  if (flags.contains("weights") && document.contains("weights") && !flags.contains("precision")) {
    // Classes of the flags are laid over those of the file.
    nlohmann::json all = document["weights"].is_array()
                             ? document["weights"]
                             : nlohmann::json::array({document["weights"]});
    for (const auto& one : flags["weights"]) all.push_back(one);
    flags["weights"] = all;
  }
  if (flags.contains("precision")) {  // wins over all formats of the file
    for (const char* format : {"weights", "kv", "attention_math", "activations"})
      document.erase(format);
  }
  document.update(flags);
  return {std::make_shared<nlohmann::json>(std::move(document)), name};
}

int run(const Options& options) {
  const Catalog catalog = Catalog::find();
  const OutputFormat format = options.common.output_format();
  if (options.sensitivity && format == OutputFormat::Csv) {
    throw ConfigError("--sensitivity: csv lists operations only; expected --format table or json");
  }
  options.files.check();
  const SplitOverrides changes = split_overrides(options.common.overrides());
  const Node document = merged_document(options, changes.file);
  document.allow_only(point_file_keys());

  SetupRequest request;
  read_setup_keys(document, catalog, request);
  const Setup setup = make_setup(request, catalog, changes.setup);
  Evaluator evaluator(setup);
  StepReport report = report_step(evaluator, read_point(document, setup));
  if (options.sensitivity && report.result.feasible()) {
    Sensitivity found = sensitivity(request, catalog, changes.setup, report.point);
    report.sensitivity = std::move(found.rows);
    report.warnings.insert(report.warnings.end(), found.left_out.begin(), found.left_out.end());
  }
  if (report.result.feasible())
    options.files.write(evaluator, report.point, effects_on(evaluator, report.point));
  for (const std::string& warning : report.warnings) tell("warning: {}\n", warning);
  switch (format) {
    case OutputFormat::Json:
      std::cout << step_json(setup, report);
      break;
    case OutputFormat::Csv:
      std::cout << step_csv(report);
      break;
    case OutputFormat::Table:
      std::cout << step_table(setup, report);
      break;
  }
  if (report.result.feasible()) return kDone;
  tell("helixsim: infeasible: {}\n", explain_infeasible(report.result.memory));
  return kNothingFeasible;
}

}  // namespace

void add_simulate(CLI::App& program, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App& app =
      *program.add_subcommand("simulate", "One decode step: TTL, memory, where the time goes");
  app.footer(kExample);
  app.add_option("file", options->file, "JSON file with the same names as keys")->type_name("FILE");
  add_setup_flags(app, options->flags);
  const auto width = [&](const char* flag, const char* help) {
    add_width_flag(app, options->flags, flag, help);
  };
  add_text_flag(app, options->flags, "--strategy", alternatives(names_of(strategies())));
  width("--tpa", "Attention tensor-parallel width (default 1)");
  width("--kvp", "KV-sequence-parallel width (default 1)");
  width("--dp", "Attention groups (default 1)");
  width("--tpf", "FFN tensor-parallel width (default: what the strategy needs)");
  width("--ep", "Expert-parallel width (default 1)");
  width("--pp", "Pipeline stages (default 1)");
  width("--batch", "Requests of one micro-batch (default 1)");
  add_text_flag(app, options->flags, "--context",
                "Cached tokens a request, such as 1000000 or 1M (default 1M); one each: "
                "64k,1M,2M or uniform:64k:1M");
  add_width_flag(app, options->flags, "--seed", "Of everything that is drawn (default 1)");
  add_text_flag(app, options->flags, "--hop-b",
                "A chunk count, " + alternatives(hop_b_names()) + " (default off)");
  app.add_flag("--sensitivity", options->sensitivity,
               "Simulate again with 10 % more of each resource");
  add_step_files(app, options->files);
  add_format(app, options->common);
  add_set(app, options->common, true);
  app.callback([options, &status] { status = run(*options); });
}

}  // namespace helixsim
