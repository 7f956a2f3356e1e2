#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
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
#include "sim/report/accuracy_table.hpp"
#include "sim/report/text_table.hpp"
#include "sim/report/whole_file.hpp"
#include "sim/units/format.hpp"
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
`run` measures on this machine's GPU, `anchor` a few points in a minute; `fit`
writes a system file with its laws; `report` shows rows that the fit did not see
and how well its parameters are told; `layers` compares whole layers with the
sums of their kernels' laws; `check` judges laws on measurements that lie apart
from those that they are fitted to.)";

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

/// The two files that a fit writes.
struct FitFiles {
  fs::path system;
  fs::path laws;       ///< in a folder `laws` beside it
  fs::path laws_name;  ///< as the system file names it
};

/// Errors: ConfigError where a file is there that no fit would have written, so that nothing else
/// is lost.
void check_replaceable(const fs::path& file, std::string_view format) {
  std::error_code error;
  if (!fs::exists(file, error)) return;
  std::string begin(4096, ' ');
  std::ifstream(file, std::ios::binary).read(begin.data(), std::ssize(begin));
  if (begin.find(format) == std::string::npos)
    throw ConfigError(fmt::format("--out: {} is there already, is no \"{}\" and is not replaced",
                                  file.string(), format));
}

/// Errors: ConfigError; before the minutes that a fit may take.
FitFiles fit_files(const std::string& out) {
  FitFiles files{.system = out, .laws = {}, .laws_name = {}};
  if (files.system.extension() != ".json")
    throw ConfigError("--out: expected a name that ends in .json");
  files.laws_name = fs::path("laws") / files.system.filename();
  files.laws = files.system.parent_path() / files.laws_name;
  check_replaceable(files.system, "helixsim/system/1");
  check_replaceable(files.laws, "helixsim/laws/1");
  std::error_code error;
  fs::create_directories(files.laws.parent_path(), error);
  if (!error && access(files.laws.parent_path().c_str(), W_OK) != 0)
    error = {errno, std::generic_category()};
  if (error)
    throw ConfigError(
        fmt::format("--out: {} cannot be written: {}", files.system.string(), error.message()));
  return files;
}

SystemStudy study_of(const CalibrationInputs& inputs, const FitOptions& options) {
  Progress progress("fitting kernel families", "families");
  const long long total = family_count(inputs.rows);
  long long fitted = 0;
  const auto threads = static_cast<int>(options.common.thread_count());
  const auto count = [&](const std::string&) { progress.update(++fitted, total); };
  if (!options.report.empty()) return study_system(inputs.rows, inputs.system, threads, count);
  SystemStudy study;
  study.laws = fit_system(inputs.rows, inputs.system, threads, count);
  study.unpredicted = inputs.rows.unpredicted;
  return study;
}

void write_files(const FitFiles& files, const CalibrationInputs& inputs, const FittedLaws& laws) {
  write_whole_file(files.laws, "--out", [&](std::ostream& to) { to << to_json(laws); });
  const Node& document = inputs.system.document;
  std::error_code error;
  const bool named_already = fs::equivalent(document.file(), files.system, error) && !error &&
                             inputs.system.laws_file == files.laws.string();
  if (named_already) return;
  const std::string text = system_text(document, files.system.stem().string(),
                                       files.laws_name.string(), graph_gap_of(inputs.records));
  write_whole_file(files.system, "--out", [&](std::ostream& to) { to << text; });
}

void write_report(OutputFolder& folder, const FitFiles& files, const CalibrationInputs& inputs,
                  const SystemStudy& study, const FittedLaws& laws) {
  write_calibration(folder, {.name = files.system.stem().string(),
                             .title = inputs.system.title,
                             .study = study,
                             .aims = {},
                             .records = inputs.records,
                             .data_sheet_bandwidth = inputs.system.gpu.memory_bandwidth.value()});
  write_accuracy(folder, {{.name = files.system.stem().string(),
                           .title = "Rows of the fit, " + inputs.system.title,
                           .software = laws.software,
                           .accuracy = accuracy_of(inputs.rows, laws)}});
}

/// What was fitted, what was not, and where it is.
void print_fit(const SystemStudy& study, long long kept, const CalibrationInputs& inputs,
               const FitFiles& files) {
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
  fmt::print("\nwritten to {} and {}\n", files.system.string(), files.laws.string());
}

int fit(const FitOptions& options) {
  const OutputFormat format = options.common.output_format();
  if (format == OutputFormat::Csv)
    throw ConfigError("--format: calibrate fit has no csv; expected one of table, json");
  const CalibrationInputs inputs = read_calibration_inputs(options.inputs, "calibrate fit");
  const FitFiles files = fit_files(options.out);
  std::optional<OutputFolder> report;
  if (!options.report.empty()) report.emplace(options.report, options.overwrite, "--report");
  const SystemStudy study = study_of(inputs, options);
  FittedLaws laws = study.laws;
  const long long kept = inputs.records.empty() ? 0 : keep_other_laws(inputs.system, laws);
  if (!inputs.records.empty())
    laws.software =
        measured_on(inputs.records) + (kept > 0 ? "; other families: " + study.laws.software : "");
  write_files(files, inputs, laws);
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
  add_calibrate_run(app, status);
}

}  // namespace helixsim
