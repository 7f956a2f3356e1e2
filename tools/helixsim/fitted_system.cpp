#include "tools/helixsim/fitted_system.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/datasets/records.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/report/whole_file.hpp"
#include "tools/helixsim/calibration_inputs.hpp"

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

/// Errors: ConfigError where a file is there that no fit would have written, so that nothing else
/// is lost.
void check_replaceable(const fs::path& file, std::string_view format) {
  std::error_code error;
  if (!fs::exists(file, error)) return;
  constexpr std::uintmax_t kLargest = 1 << 24;  // of what a fit writes
  std::string text(std::min(fs::file_size(file, error), kLargest), ' ');
  std::ifstream(file, std::ios::binary).read(text.data(), std::ssize(text));
  if (text.find(format) == std::string::npos)
    throw ConfigError(fmt::format("--out: {} is there already, is no \"{}\" and is not replaced",
                                  file.string(), format));
}

}  // namespace

FittedSystemPath fitted_system_path(const System& system, const std::string& out) {
  if (!has_fidelity(system, "measured"))
    system.document.at("fidelities")
        .fail("expected a fidelity \"measured\", which laws are for; other system files have one");
  FittedSystemPath path{.system = out, .laws_name = {}};
  if (path.system.extension() != ".json")
    throw ConfigError("--out: expected a name that ends in .json");
  path.laws_name = fs::path("laws") / path.system.filename();
  check_replaceable(path.system, "helixsim/system/1");
  check_replaceable(path.laws(), "helixsim/laws/1");
  std::error_code error;
  const fs::path folder = path.laws().parent_path();
  fs::create_directories(folder, error);
  for (const fs::path& to : {folder, folder.parent_path()}) {
    if (!error && access(to.empty() ? "." : to.c_str(), W_OK) != 0)
      error = {errno, std::generic_category()};
  }
  if (error)
    throw ConfigError(
        fmt::format("--out: {} cannot be written: {}", path.system.string(), error.message()));
  return path;
}

void write_fitted_system(const System& system, const FittedLaws& laws,
                         std::span<const MeasuredRecord> records, const FittedSystemPath& path) {
  const std::string laws_text = to_json(laws);
  (void)read_laws(parse_json(laws_text, "--out: " + path.laws().string()), law_gpu(system.gpu));
  write_whole_file(path.laws(), "--out", [&](std::ostream& to) { to << laws_text; });
  std::error_code error;
  const bool named_already = fs::equivalent(system.document.file(), path.system, error) && !error &&
                             system.laws_file == path.laws().string();
  const double gap = graph_gap_of(records);
  if (named_already && gap <= 0.0) return;
  const std::string text = system_text(system.document, path, gap);
  write_whole_file(path.system, "--out", [&](std::ostream& to) { to << text; });
}

}  // namespace helixsim
