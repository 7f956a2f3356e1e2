#include "tools/helixsim/fitted_system.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/datasets/records.hpp"
#include "sim/config/config_error.hpp"
#include "sim/report/whole_file.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

/// The gap between kernels is in seconds, 0 where it was not measured.
std::string system_text(const Node& document, const FittedSystemPath& path, double graph_gap) {
  std::ifstream in(document.file(), std::ios::binary);
  auto json = nlohmann::ordered_json::parse(in, nullptr, true, true);
  json["name"] = path.system.stem().string();
  json["laws"] = path.laws_name.string();
  if (graph_gap > 0.0) {
    for (const char* key : {"launch_gap", "in_graph_gap"})
      json["fidelities"]["measured"]["kernels"][key] = {
          {"value", fmt::format("{:.4g} us", 1e6 * graph_gap)},
          {"source", "measured: empty kernels of a graph, which records contain once each"}};
  }
  return json.dump(2) + "\n";
}

}  // namespace

FittedSystemPath fitted_system_path(const std::string& out) {
  const fs::path system = out;
  if (system.extension() != ".json") throw ConfigError("--out: expected a name that ends in .json");
  return {.system = system, .laws_name = fs::path("laws") / system.filename()};
}

void write_fitted_system(const System& system, const FittedLaws& laws,
                         std::span<const MeasuredRecord> records, const FittedSystemPath& path) {
  std::error_code error;
  fs::create_directories(path.laws().parent_path(), error);
  write_whole_file(path.laws(), "--out", [&](std::ostream& to) { to << to_json(laws); });
  const bool named_already = fs::equivalent(system.document.file(), path.system, error) && !error &&
                             system.laws_file == path.laws().string();
  if (named_already) return;
  const std::string text = system_text(system.document, path, graph_gap_of(records));
  write_whole_file(path.system, "--out", [&](std::ostream& to) { to << text; });
}

}  // namespace helixsim
