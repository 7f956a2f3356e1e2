#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/datasets/registry.hpp"
#include "sim/calibration/fit_system.hpp"
#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "sim/report/accuracy_table.hpp"
#include "sim/report/whole_file.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/progress.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFitExample = R"(Example:
  helixsim calibrate fit --measurements measurements --system gb200_nvl72 \
                         --out my_gb200.json
Reads measurements/gb200/*.csv; writes the system file and, beside it,
laws/my_gb200.json with all that was fitted.)";

constexpr const char* kExamples = R"(Examples:
  helixsim calibrate fit --measurements measurements --system gb200_nvl72 \
                         --out my_gb200.json
  helixsim calibrate check --measurements measurements --system gb200_nvl72
`fit` writes a system file with its laws; `check` judges laws on measurements
that lie apart from those that they are fitted to.)";

struct FitOptions {
  CommonOptions common;
  std::string measurements;
  std::string system;
  std::string out;
};

long long family_count(const MeasuredRows& rows) {
  return std::apply([](const auto&... of) { return (0LL + ... + std::ssize(of)); }, rows.families);
}

/// The system's own file with its laws named; comments in it are lost.
std::string system_text(const Node& document, const std::string& name, const std::string& laws) {
  std::ifstream in(document.file(), std::ios::binary);
  auto json = nlohmann::ordered_json::parse(in, nullptr, true, true);
  json["name"] = name;
  json["laws"] = laws;
  return json.dump(2) + "\n";
}

int fit(const FitOptions& options) {
  const Node document = Catalog::find().read("hw_models/systems", options.system, "--system");
  const System system = read_system(document);
  const MeasuredRows rows = read_measurements(options.measurements, system);
  const fs::path out = options.out;
  if (out.extension() != ".json") throw ConfigError("--out: expected a name that ends in .json");
  const fs::path laws_name = fs::path("laws") / out.filename();
  const fs::path laws_path = out.parent_path() / laws_name;

  Progress progress("fitting kernel families");
  const long long total = family_count(rows);
  long long fitted = 0;
  const FittedLaws laws = fit_system(rows, system, static_cast<int>(options.common.thread_count()),
                                     [&](const std::string&) { progress.update(++fitted, total); });

  std::error_code error;
  fs::create_directories(laws_path.parent_path(), error);
  write_whole_file(laws_path, "--out", [&](std::ostream& to) { to << to_json(laws); });
  const bool named_already = fs::equivalent(document.file(), out, error) && !error &&
                             system.laws_file == laws_path.string();
  if (!named_already) {
    const std::string text = system_text(document, out.stem().string(), laws_name.string());
    write_whole_file(out, "--out", [&](std::ostream& to) { to << text; });
  }
  if (options.common.output_format() == OutputFormat::Json) {
    fmt::print("{}", to_json(laws));
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
  fit_app
      .add_option("--measurements", options->measurements,
                  "Folder that holds SYSTEM/OP.csv; the system file names its folder")
      ->required()
      ->type_name("DIR");
  fit_app.add_option("--system", options->system, "System whose data sheet the fit starts from")
      ->required();
  fit_app.add_option("--out", options->out, "System file to write")->required()->type_name("FILE");
  add_format(fit_app, options->common);
  add_threads(fit_app, options->common);
  fit_app.callback([options, &status] { status = fit(*options); });
  add_calibrate_check(app, status);
  add_calibrate_run(app, status);
}

}  // namespace helixsim
