#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "sim/report/calibration_report.hpp"
#include "sim/report/output_folder.hpp"
#include "tools/helixsim/accuracy_folder.hpp"
#include "tools/helixsim/calibration_inputs.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Examples:
  helixsim calibrate report --records my_gpu.jsonl --system h200_hgx8 \
                            --out results/my_gpu
  helixsim calibrate report --records my_gpu.jsonl --system h200_hgx8 \
                            --out results/my_gpu --overwrite \
                            --require-median 50 --require-p90 90
Fits as `fit` does, writes no laws, and says how far they can be trusted:
calibration.html shows rows that the fit did not see, how well each parameter
is told, kernels beside the read stream, and how far repetitions differ;
held_out.csv, parameters.csv, stream.csv, layers.csv and calibration.json have
the numbers.
Records take seconds, whole tables well above a quarter of an hour.)";

struct ReportOptions {
  CommonOptions common;
  CalibrationOptions inputs;
  HeldOutAims aims;
  std::string out;
  bool overwrite = false;
};

void print(const CalibrationReport& report, OutputFormat format) {
  if (format == OutputFormat::Json) {
    fmt::print("{}", calibration_json(report));
  } else if (format == OutputFormat::Csv) {
    fmt::print("{}", held_out_csv(report));
  } else {
    fmt::print("{}, rows held out\n\n{}", report.title, calibration_table(report));
  }
}

int report(const ReportOptions& options) {
  const OutputFormat format = options.common.output_format();
  const CalibrationInputs inputs = read_calibration_inputs(options.inputs, "calibrate report");
  OutputFolder folder(options.out, options.overwrite);
  const SystemStudy study = study_of(inputs, options.common, true);
  const std::vector<LayerPrediction> layers = predict_layers(inputs.records, study.laws);
  const CalibrationReport made{.name = inputs.system.name,
                               .title = inputs.system.title,
                               .study = study,
                               .aims = options.aims,
                               .records = inputs.records,
                               .data_sheet_bandwidth = inputs.system.gpu.memory_bandwidth.value(),
                               .layers = layers};
  write_calibration(folder, made);
  folder.commit();
  print(made, format);
  if (format == OutputFormat::Table) fmt::print("\nwritten to {}\n", options.out);
  const auto missed = missed_aims(made);
  for (const FamilyStudy* family : missed) {
    tell("helixsim: {} misses its aims: median {:.2f} %, p90 {:.2f} %\n", family->family,
         family->error.median_percent, family->error.p90_percent);
  }
  return missed.empty() ? kDone : kClaimFailed;
}

}  // namespace

void add_calibrate_report(CLI::App& calibrate, int& status) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App& app = *calibrate.add_subcommand("report", "How far fitted laws can be trusted");
  app.footer(kExample);
  add_calibration_inputs(app, options->inputs);
  app.add_option("--out", options->out, "Folder for the page, CSV and JSON")
      ->required()
      ->type_name("DIR");
  app.add_flag("--overwrite", options->overwrite, "Replace an earlier report");
  app.add_option("--require-median", options->aims.median_percent,
                 "Status 1 when a family's median error on rows held out is above it, in %")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--require-p90", options->aims.p90_percent,
                 "Status 1 when a family's 90th percentile on them is above it, in %")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.01, 1000.0));
  add_format(app, options->common);
  add_threads(app, options->common);
  app.callback([options, &status] { status = report(*options); });
}

}  // namespace helixsim
