#include "tools/helixsim/reproduce_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "sim/config/config_error.hpp"
#include "sim/report/validation_table.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

bool holds_validation(const Node& file) {
  return file.is_object() && file.has("format") && file.at("format").is_string() &&
         file.text("format").starts_with("helixsim/validation/");
}

std::vector<Node> files_of_folder(const fs::path& folder, std::span<const Override> changes) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Node> files;
  files.reserve(paths.size());
  for (const std::string& path : paths)
    files.push_back(with_overrides(Catalog(folder).read("", path, "FILE"), changes));
  if (files.empty()) throw ConfigError(folder.string() + ": no .json file is in the folder");
  return files;
}

/// Of one file each, of several how many.
void tell_warnings(const ValidationReport& report, bool each) {
  std::set<std::string> told;
  for (const ValidationResult& result : report.results) {
    for (const std::string& warning : result.warnings) {
      if (told.insert(warning).second && each) tell("warning: {}: {}\n", report.file.name, warning);
    }
  }
  if (!each && !told.empty()) {
    tell("warning: {}: {} on its steps; reproduce this file alone to see them\n", report.file.name,
         told.size() == 1 ? "1 warning" : fmt::format("{} warnings", told.size()));
  }
}

}  // namespace

std::vector<Node> validation_files(const std::string& name, const Catalog& catalog,
                                   std::span<const Override> changes) {
  std::error_code error;
  for (const fs::path& folder : {fs::path(name), catalog.root() / name}) {
    if (!name.empty() && fs::is_directory(folder, error)) return files_of_folder(folder, changes);
  }
  const Node file = with_overrides(catalog.read("scenarios", name, "FILE"), changes);
  if (!holds_validation(file)) return {};
  return {file};
}

int reproduce_validations(const std::vector<Node>& files, const Catalog& catalog,
                          std::span<const Override> setup_changes, const RunOptions& options) {
  if (!options.out.empty() || !options.points.empty()) {
    throw ConfigError((options.out.empty() ? "--points" : "--out") +
                      std::string(": published steps leave no folder of results"));
  }
  if (options.common.seed) throw ConfigError("--seed: nothing is drawn for published steps");
  const OutputFormat format = options.common.output_format();
  std::vector<ValidationReport> reports;
  reports.reserve(files.size());
  for (const Node& file : files)
    reports.push_back({read_validation(file, catalog, setup_changes), {}});
  for (ValidationReport& report : reports) {
    report.results = run_validation(report.file, options.common.thread_count());
    tell_warnings(report, reports.size() == 1);
  }
  switch (format) {
    case OutputFormat::Json:
      fmt::print("{}", validation_json(reports));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", validation_csv(reports));
      break;
    case OutputFormat::Table:
      fmt::print("{}", validation_table(reports));
      break;
  }
  if (!sound_miss(reports)) return kDone;
  tell("helixsim: a sound number is outside its band\n");
  return kClaimFailed;
}

}  // namespace helixsim
