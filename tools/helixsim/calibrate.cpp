#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/accuracy.hpp"
#include "sim/calibration/fit_study.hpp"
#include "sim/calibration/fit_system.hpp"
#include "sim/report/accuracy_table.hpp"
#include "tools/helixsim/accuracy_folder.hpp"
#include "tools/helixsim/calibration_inputs.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/fitted_system.hpp"
#include "tools/helixsim/progress.hpp"
#include "tools/helixsim/tell.hpp"

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
`run` measures on this machine's GPU, `anchor` does in a minute; `fit` writes a
system file with its laws; `report` shows rows that the fit did not see and how
well its parameters are told; `layers` compares whole layers with the sums of
their kernels' laws; `check` judges laws on measurements that lie apart from
those that they are fitted to; `transfer` moves laws to a GPU of which there are
few measurements or none.)";

struct FitOptions {
  CommonOptions common;
  CalibrationOptions inputs;
  std::string out;
  std::string report;
  bool overwrite = false;
};

/// Laws of kernels that were not measured stay those of the system, where it has some.
void keep_other_laws(const System& system, FittedLaws& laws) {
  if (system.laws_file.empty()) return;
  const FittedLaws known = read_system_laws(system);
  for_each_law([&]<class Law>() {
    auto& families = of_law<Law, FittedLaw>(laws.laws);
    for (const auto& [name, law] : of_law<Law, FittedLaw>(known.laws))
      families.try_emplace(name, law);
  });
}

int fit(const FitOptions& options) {
  const CalibrationInputs inputs = read_calibration_inputs(options.inputs, "calibrate fit");
  const auto& [system, records, rows] = inputs;
  std::optional<OutputFolder> report;
  if (!options.report.empty()) report.emplace(options.report, options.overwrite);
  const FittedSystemPath path = fitted_system_path(options.out);

  Progress progress("fitting kernel families");
  const long long total = family_count(rows);
  long long fitted = 0;
  const auto threads = static_cast<int>(options.common.thread_count());
  const auto count = [&](const std::string&) { progress.update(++fitted, total); };
  SystemStudy study;
  if (report) {
    study = study_system(rows, system, threads, count);
  } else {
    study.laws = fit_system(rows, system, threads, count);
  }
  FittedLaws laws = study.laws;

  if (!records.empty()) keep_other_laws(system, laws);

  write_fitted_system(system, laws, records, path);
  if (report) {
    const std::string name = path.system.stem().string();
    write_calibration(*report, {.name = name,
                                .title = system.title,
                                .study = study,
                                .aims = {},
                                .records = records,
                                .data_sheet_bandwidth = system.gpu.memory_bandwidth.value()});
    write_accuracy(*report, {{.name = name,
                              .title = "Rows of the fit, " + system.title,
                              .software = laws.software,
                              .accuracy = accuracy_of(rows, laws)}});
  }
  if (options.common.output_format() == OutputFormat::Json) {
    fmt::print("{}", to_json(laws));
  } else {
    fmt::print("{}\nwritten to {} and {}\n", fit_table(laws), path.system.string(),
               path.laws().string());
  }
  return kDone;
}

}  // namespace

void add_calibrate(CLI::App& program, int& status) {
  CLI::App& app = *program.add_subcommand("calibrate", "Hardware models from measured kernels");
  app.require_subcommand(1);
  app.footer(kExamples);
  auto options = std::make_shared<FitOptions>();
  CLI::App& fit_app = *app.add_subcommand("fit", "Fit the laws of kernels to tables");
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
