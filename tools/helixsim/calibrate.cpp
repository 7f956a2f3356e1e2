#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/accuracy.hpp"
#include "sim/calibration/fit_study.hpp"
#include "sim/config/config_error.hpp"
#include "sim/report/accuracy_table.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"
#include "tools/helixsim/accuracy_folder.hpp"
#include "tools/helixsim/calibration_inputs.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/fitted_system.hpp"

namespace helixsim {
namespace {

constexpr const char* kFitExample = R"(Examples:
  helixsim calibrate fit --measurements measurements --system gb200_nvl72 \
                         --out my_gb200.json
  helixsim calibrate fit --records my_gpu.jsonl --system h200_hgx8 \
                         --out my_gpu.json
Writes the system file and, beside it, laws/my_gb200.json with all that was
fitted. Tables are measurements/gb200/*.csv, and all laws are fitted to them.
Records are of `calibrate run` and `anchor`: kernels that they have replace
those of the system's laws, the others stay.)";

constexpr const char* kExamples = R"(Examples:
  helixsim calibrate run --out my_gpu.jsonl
  helixsim calibrate fit --records my_gpu.jsonl --system h200_hgx8 \
                         --out my_gpu.json
  helixsim calibrate fit --measurements measurements --system gb200_nvl72 \
                         --out my_gb200.json
  helixsim calibrate report --records my_gpu.jsonl --system h200_hgx8 \
                            --out results/my_gpu
  helixsim calibrate check --measurements measurements --system gb200_nvl72
  helixsim calibrate transfer --from my_gpu.json --system gb300_nvl72 \
                              --out my_gb300.json
`run` measures on this machine's GPU, `anchor` a few points in a minute; `fit`
writes a system file with its laws; `report` shows rows that the fit did not see
and how well its parameters are told; `layers` compares whole layers with the
sums of their kernels' laws; `check` judges laws on measurements that lie apart
from those that they are fitted to; `transfer` moves laws to a GPU of which
there are few measurements or none.)";

struct FitOptions {
  CommonOptions common;
  CalibrationOptions inputs;
  std::string out;
  std::string report;
  bool overwrite = false;
};

/// Laws of kernels that were not measured stay those of the system, where it has some; how many.
long long keep_other_laws(const System& system, FittedLaws& laws) {
  if (system.laws_file.empty()) return 0;
  const FittedLaws known = read_system_laws(system);
  long long kept = 0;
  for_each_law([&]<class Law>() {
    auto& families = of_law<Law, FittedLaw>(laws.laws);
    for (const auto& [name, law] : of_law<Law, FittedLaw>(known.laws))
      kept += families.try_emplace(name, law).second ? 1 : 0;
  });
  return kept;
}

void write_report(OutputFolder& folder, const FittedSystemPath& files,
                  const CalibrationInputs& inputs, const SystemStudy& study,
                  const FittedLaws& laws) {
  const std::vector<LayerPrediction> layers = predict_layers(inputs.records, laws);
  write_calibration(folder, {.name = files.system.stem().string(),
                             .title = inputs.system.title,
                             .study = study,
                             .aims = {},
                             .records = inputs.records,
                             .data_sheet_bandwidth = inputs.system.gpu.memory_bandwidth.value(),
                             .layers = layers});
  write_accuracy(folder, {{.name = files.system.stem().string(),
                           .title = "Rows of the fit, " + inputs.system.title,
                           .software = laws.software,
                           .accuracy = accuracy_of(inputs.rows, laws)}});
}

/// What was fitted, what was not, and where it is.
void print_fit(const SystemStudy& study, long long kept, const CalibrationInputs& inputs,
               const FittedSystemPath& files) {
  fmt::print("{}", fit_table(study.laws));
  if (kept > 0) {
    const std::string text =
        fmt::format("{} other families have no records and stay as they are in the laws of {}.",
                    format_count(kept), inputs.system.name);
    fmt::print("\n{}\n", fmt::join(wrap_words(text, kTerminalColumns), "\n"));
  }
  if (!study.unpredicted.empty()) fmt::print("\nNot fitted:\n");
  for (const UnpredictedRows& none : study.unpredicted) {
    fmt::print("  {} rows of {}: {}\n", format_count(none.rows), none.label.op, none.reason);
  }
  fmt::print("\nwritten to {} and {}\n", files.system.string(), files.laws().string());
}

int fit(const FitOptions& options) {
  const OutputFormat format = options.common.output_format();
  if (format == OutputFormat::Csv)
    throw ConfigError("--format: calibrate fit has no csv; expected one of table, json");
  const CalibrationInputs inputs = read_calibration_inputs(options.inputs, "calibrate fit");
  const FittedSystemPath files = fitted_system_path(inputs.system, options.out);
  std::optional<OutputFolder> report;
  if (!options.report.empty()) report.emplace(options.report, options.overwrite, "--report");
  const SystemStudy study = study_of(inputs, options.common, report.has_value());
  FittedLaws laws = study.laws;
  const long long kept = inputs.records.empty() ? 0 : keep_other_laws(inputs.system, laws);
  if (!inputs.records.empty())
    laws.software =
        measured_on(inputs.records) + (kept > 0 ? "; other families: " + study.laws.software : "");
  write_fitted_system(inputs.system, laws, inputs.records, files);
  if (report) write_report(*report, files, inputs, study, laws);
  if (format == OutputFormat::Json) {
    fmt::print("{}", to_json(laws));
  } else {
    print_fit(study, kept, inputs, files);
  }
  return kDone;
}

}  // namespace

void add_calibrate(CLI::App& program, int& status) {
  CLI::App& app = *program.add_subcommand("calibrate", "Hardware models from measured kernels");
  app.require_subcommand(1);
  app.footer(kExamples);
  auto options = std::make_shared<FitOptions>();
  CLI::App& fit_app = *app.add_subcommand("fit", "Fit the laws of kernels to records or tables");
  fit_app.footer(kFitExample);
  add_calibration_inputs(fit_app, options->inputs);
  fit_app.add_option("--out", options->out, "System file to write")->required()->type_name("FILE");
  fit_app
      .add_option("--report", options->report,
                  "Folder for pages with plots, CSV and JSON, as calibrate report")
      ->type_name("DIR");
  fit_app.add_flag("--overwrite", options->overwrite, "Replace an earlier report");
  add_format(fit_app, options->common);
  add_threads(fit_app, options->common);
  fit_app.callback([options, &status] { status = fit(*options); });
  add_calibrate_report(app, status);
  add_calibrate_check(app, status);
  add_calibrate_layers(app, status);
  add_calibrate_transfer(app, status);
  add_calibrate_run(app, status);
}

}  // namespace helixsim
