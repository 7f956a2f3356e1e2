#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/accuracy.hpp"
#include "sim/calibration/datasets/records.hpp"
#include "sim/calibration/fit_study.hpp"
#include "sim/calibration/fit_system.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/report/accuracy_table.hpp"
#include "sim/report/whole_file.hpp"
#include "tools/helixsim/accuracy_folder.hpp"
#include "tools/helixsim/calibration_inputs.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/progress.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

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
`run` measures on this machine's GPU, `anchor` does in a minute; `fit` writes a
system file with its laws; `report` shows rows that the fit did not see and how
well its parameters are told; `layers` compares whole layers with the sums of
their kernels' laws; `check` judges laws on measurements that lie apart from
those that they are fitted to.)";

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

/// The system's own file with its laws named, and the gap between kernels in seconds where it was
/// measured (else 0); comments in it are lost.
std::string system_text(const Node& document, const std::string& name, const std::string& laws,
                        double graph_gap) {
  std::ifstream in(document.file(), std::ios::binary);
  auto json = nlohmann::ordered_json::parse(in, nullptr, true, true);
  json["name"] = name;
  json["laws"] = laws;
  if (graph_gap > 0.0) {
    for (const char* key : {"launch_gap", "in_graph_gap"})
      json["fidelities"]["measured"]["kernels"][key] = {
          {"value", fmt::format("{:.4g} us", 1e6 * graph_gap)},
          {"source", "measured: empty kernels of a graph, which records contain once each"}};
  }
  return json.dump(2) + "\n";
}

/// The text of a laws file. Errors: ConfigError for laws that no command could read, as rows that
/// are off by a factor of thousands make; nothing is written then.
std::string laws_text(const FittedLaws& laws, const System& system, const fs::path& file) {
  std::string text = to_json(laws);
  (void)read_laws(parse_json(text, "--out: " + file.string()), law_gpu(system.gpu));
  return text;
}

int fit(const FitOptions& options) {
  const OutputFormat format = options.common.output_format();
  if (format == OutputFormat::Csv)
    throw ConfigError("--format: calibrate fit prints a table or json; calibrate report has csv");
  const CalibrationInputs inputs = read_calibration_inputs(options.inputs, "calibrate fit");
  const auto& [system, records, rows] = inputs;
  const Node& document = system.document;
  std::optional<OutputFolder> report;
  if (!options.report.empty()) report.emplace(options.report, options.overwrite);
  const fs::path out = options.out;
  if (out.extension() != ".json") throw ConfigError("--out: expected a name that ends in .json");
  const fs::path laws_name = fs::path("laws") / out.filename();
  const fs::path laws_path = out.parent_path() / laws_name;

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

  const std::string written = laws_text(laws, system, laws_path);
  std::error_code error;
  fs::create_directories(laws_path.parent_path(), error);
  write_whole_file(laws_path, "--out", [&](std::ostream& to) { to << written; });
  const bool named_already = fs::equivalent(document.file(), out, error) && !error &&
                             system.laws_file == laws_path.string();
  const double gap = graph_gap_of(records);
  if (!named_already || gap > 0.0) {
    const std::string text = system_text(document, out.stem().string(), laws_name.string(), gap);
    write_whole_file(out, "--out", [&](std::ostream& to) { to << text; });
  }
  if (report) {
    write_calibration(*report, {.name = out.stem().string(),
                                .title = system.title,
                                .study = study,
                                .aims = {},
                                .records = records,
                                .data_sheet_bandwidth = system.gpu.memory_bandwidth.value()});
    write_accuracy(*report, {{.name = out.stem().string(),
                              .title = "Rows of the fit, " + system.title,
                              .software = laws.software,
                              .accuracy = accuracy_of(rows, laws)}});
  }
  if (format == OutputFormat::Json) {
    fmt::print("{}", written);
  } else {
    fmt::print("{}\nwritten to {} and {}\n", fit_table(laws), out.string(), laws_path.string());
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
  add_calibrate_run(app, status);
}

}  // namespace helixsim
