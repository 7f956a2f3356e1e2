#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "hw_models/system.hpp"
#include "sim/calibration/rank_layer_prediction.hpp"
#include "sim/config/config_error.hpp"
#include "sim/report/layer_table.hpp"
#include "tools/helixsim/calibration_inputs.hpp"
#include "tools/helixsim/common.hpp"

namespace helixsim {
namespace {

struct LayersOptions {
  CommonOptions common;
  std::vector<std::string> records;
  std::string system;
  bool parts = false;
};

int layers(const LayersOptions& options) {
  const System system = system_named(options.system, "--system");
  if (system.laws_file.empty())
    throw ConfigError("--system: " + options.system + " has no laws; calibrate fit writes some");
  const std::vector<MeasuredRecord> records = read_all_records(options.records);
  const auto predictions = predict_layers(records, read_system_laws(system));
  if (predictions.empty())
    throw ConfigError("--records: no whole layer and no HOP-B study among them");
  switch (options.common.output_format()) {
    case OutputFormat::Table:
      fmt::print("{}", layer_table(predictions, options.parts));
      break;
    case OutputFormat::Json:
      fmt::print("{}", layer_json(predictions));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", layer_csv(predictions));
      break;
  }
  return kDone;
}

}  // namespace

void add_calibrate_layers(CLI::App& calibrate, int& status) {
  const auto options = std::make_shared<LayersOptions>();
  CLI::App& app =
      *calibrate.add_subcommand("layers", "Whole layers, measured and by the laws of kernels");
  app.add_option("--records", options->records, "Records of calibrate run (repeatable)")
      ->required()
      ->type_name("FILE");
  app.add_option("--system", options->system, "System file whose laws calibrate fit has written")
      ->required();
  app.add_flag("--parts", options->parts, "Also each kernel of a layer");
  add_format(app, options->common);
  app.footer(R"(Example:
  helixsim calibrate run --out my_gpu.jsonl
  helixsim calibrate fit --records my_gpu.jsonl --system h200_hgx8 \
                         --out my_gpu.json
  helixsim calibrate layers --records my_gpu.jsonl --system my_gpu.json
S is a request's tokens on the rank; PDL: launches that overlap.
No law is fitted to a whole layer, nor to attention in chunks beside copies:
these say how far sums of kernels can be trusted on this GPU.)");
  app.callback([options, &status] { status = layers(*options); });
}

}  // namespace helixsim
