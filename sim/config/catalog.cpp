#include "sim/config/catalog.hpp"

#include <algorithm>
#include <cstdlib>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/config/suggest.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

bool holds_data(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "configs" / "models", error) &&
         fs::is_directory(folder / "hw_models" / "systems", error);
}

/// The nearest folder at or above `start` that holds the data; empty when there is none.
fs::path upwards(fs::path start) {
  while (!start.empty()) {
    if (holds_data(start)) return start;
    if (holds_data(start / "share" / "helixsim")) return start / "share" / "helixsim";
    if (start == start.parent_path()) break;
    start = start.parent_path();
  }
  return {};
}

}  // namespace

Catalog Catalog::find() {
  if (const char* chosen = std::getenv("HELIXSIM_DATA"); chosen != nullptr && *chosen != '\0') {
    if (!holds_data(chosen))
      throw ConfigError(std::string("HELIXSIM_DATA: ") + chosen + " does not hold configs/models");
    return Catalog(chosen);
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (const fs::path& start : {program.parent_path(), fs::current_path(error)}) {
    if (fs::path found = upwards(start); !found.empty()) return Catalog(std::move(found));
  }
  throw ConfigError(
      "no data folder with configs/models near the program; name it in HELIXSIM_DATA");
}

std::vector<std::string> Catalog::names(std::string_view folder) const {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(root_ / folder, error)) {
    if (file.path().extension() == ".json") found.push_back(file.path().stem().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Node Catalog::read(std::string_view folder, const std::string& name_or_path,
                   std::string_view key) const {
  const bool is_path =
      name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".json");
  std::error_code error;
  if (is_path) {
    if (!fs::exists(name_or_path, error) && fs::exists(root_ / name_or_path, error)) {
      return read_json_file(root_ / name_or_path);
    }
    return read_json_file(name_or_path);
  }
  std::vector<std::string> known = names(folder);
  if (std::find(known.begin(), known.end(), name_or_path) == known.end()) {
    // A file of the working folder is told from a name by its extension.
    if (fs::is_regular_file(name_or_path + ".json", error)) known = {name_or_path + ".json"};
    throw ConfigError(std::string(key) + ": no \"" + name_or_path + "\" in " + std::string(folder) +
                      suggestion(name_or_path, known));
  }
  return read_json_file(root_ / folder / (name_or_path + ".json"));
}

}  // namespace helixsim
