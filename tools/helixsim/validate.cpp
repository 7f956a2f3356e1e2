#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "sim/calibration/accuracy.hpp"
#include "sim/calibration/datasets/registry.hpp"
#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "sim/report/accuracy_table.hpp"
#include "tools/helixsim/accuracy_folder.hpp"
#include "tools/helixsim/common.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Examples:
  helixsim validate --system gb200_nvl72 --measurements measurements
  helixsim validate --system gb200_nvl72 --measurements measurements \
                    --out results/validate --overwrite
Reads measurements/gb200/*.csv; the system file names that folder. --out
writes validate.html with plots, accuracy.csv and accuracy.json.)";

struct Options {
  CommonOptions common;
  std::string measurements;
  std::vector<std::string> systems;
  std::string out;
  bool overwrite = false;
};

bool has_tables(const System& system, const std::string& measurements) {
  if (!system.measurements || system.laws_file.empty()) return false;
  std::error_code error;
  return std::filesystem::is_directory(
      std::filesystem::path(measurements) / system.measurements->folder, error);
}

/// Those named; "all" is each system of the program that has laws and whose tables are there, the
/// first of those that share tables.
std::vector<System> chosen_systems(const Options& options) {
  const Catalog catalog = Catalog::find();
  std::vector<System> systems;
  const auto known = [&](const System& other) {
    return std::any_of(systems.begin(), systems.end(), [&](const System& system) {
      return system.measurements->folder == other.measurements->folder;
    });
  };
  for (const std::string& name : options.systems) {
    if (name != "all") {
      systems.push_back(read_system(catalog.read("hw_models/systems", name, "--system")));
      continue;
    }
    for (const std::string& each : catalog.names("hw_models/systems")) {
      System system = read_system(catalog.read("hw_models/systems", each, "--system"));
      if (has_tables(system, options.measurements) && !known(system)) {
        systems.push_back(std::move(system));
      }
    }
  }
  if (systems.empty()) {
    throw ConfigError("--measurements: " + options.measurements +
                      " has no folder of tables that a system names");
  }
  return systems;
}

ScoredSystem scored(const System& system, const std::string& measurements) {
  const FittedLaws laws = read_system_laws(system);
  return {.name = system.name,
          .title = system.title,
          .software = laws.software,
          .accuracy = accuracy_of(read_measurements(measurements, system), laws)};
}

void print(const std::vector<ScoredSystem>& systems, OutputFormat format) {
  if (format == OutputFormat::Json) {
    fmt::print("{}", accuracy_json(systems));
  } else if (format == OutputFormat::Csv) {
    fmt::print("{}", accuracy_csv(systems));
  } else {
    for (const ScoredSystem& system : systems) {
      fmt::print("{}{}, predicted against measured ({})\n\n{}",
                 &system == systems.data() ? "" : "\n", system.title, system.software,
                 accuracy_table(system.accuracy));
    }
  }
}

int run(const Options& options) {
  const OutputFormat format = options.common.output_format();
  std::optional<OutputFolder> folder;
  if (!options.out.empty()) folder.emplace(options.out, options.overwrite);
  std::vector<ScoredSystem> systems;
  for (const System& system : chosen_systems(options)) {
    systems.push_back(scored(system, options.measurements));
  }
  if (folder) write_accuracy(*folder, systems);
  print(systems, format);
  if (folder && format == OutputFormat::Table) fmt::print("\nwritten to {}\n", options.out);
  return kDone;
}

}  // namespace

void add_validate(CLI::App& program, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App& app =
      *program.add_subcommand("validate", "Predicted against measured times of kernels");
  app.footer(kExample);
  app.add_option("--system", options->systems,
                 "Name in hw_models/systems or a path, or all; repeatable")
      ->required()
      ->allow_extra_args(false);
  app.add_option("--measurements", options->measurements,
                 "Folder that holds SYSTEM/OP.csv; the system file names its folder")
      ->required()
      ->type_name("DIR");
  app.add_option("--out", options->out, "Folder for a page with plots, CSV and JSON")
      ->type_name("DIR");
  app.add_flag("--overwrite", options->overwrite, "Replace an earlier result folder");
  add_format(app, options->common);
  app.callback([options, &status] { status = run(*options); });
}

}  // namespace helixsim
