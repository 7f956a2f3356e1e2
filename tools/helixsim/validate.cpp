#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "sim/calibration/accuracy.hpp"
#include "sim/calibration/datasets/registry.hpp"
#include "sim/config/catalog.hpp"
#include "sim/report/accuracy_table.hpp"
#include "tools/helixsim/common.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim validate --system gb200_nvl72 --measurements measurements
Reads measurements/gb200/*.csv; the system file names that folder.)";

struct Options {
  CommonOptions common;
  std::string measurements;
  std::string system;
};

int run(const Options& options) {
  const OutputFormat format = options.common.output_format();
  const System system =
      read_system(Catalog::find().read("hw_models/systems", options.system, "--system"));
  const FittedLaws laws = read_system_laws(system);
  const Accuracy accuracy = accuracy_of(read_measurements(options.measurements, system), laws);
  switch (format) {
    case OutputFormat::Json:
      fmt::print("{}", accuracy_json(system.name, accuracy));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", accuracy_csv(accuracy));
      break;
    case OutputFormat::Table:
      fmt::print("{}, predicted against measured ({})\n\n{}", system.title, laws.software,
                 accuracy_table(accuracy));
      break;
  }
  return kDone;
}

}  // namespace

void add_validate(CLI::App& program, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App& app =
      *program.add_subcommand("validate", "Predicted against measured times of kernels");
  app.footer(kExample);
  app.add_option("--system", options->system, "Name in hw_models/systems or a path")->required();
  app.add_option("--measurements", options->measurements,
                 "Folder that holds SYSTEM/OP.csv; the system file names its folder")
      ->required()
      ->type_name("DIR");
  add_format(app, options->common);
  app.callback([options, &status] { status = run(*options); });
}

}  // namespace helixsim
