#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/node.hpp"

namespace helixsim {

/// The files that come with the program: models, systems, search spaces and scenarios by name.
class Catalog {
 public:
  /// Looks for the data folder in $HELIXSIM_DATA, then upwards from the program, then upwards from
  /// the working folder. Errors: ConfigError when none holds configs/models.
  static Catalog find();
  explicit Catalog(std::filesystem::path root) : root_(std::move(root)) {}

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  /// Names (without .json) of the files of a folder such as "configs/models", sorted.
  [[nodiscard]] std::vector<std::string> names(std::string_view folder) const;
  /// Reads a file by name or path. A text with a slash or ".json" is a path, relative to the
  /// working folder or, for files named in other files, to the data folder. Errors: ConfigError,
  /// with the nearest name; `key` is what messages call the place, such as "--model".
  [[nodiscard]] Node read(std::string_view folder, const std::string& name_or_path,
                          std::string_view key) const;

 private:
  std::filesystem::path root_;
};

}  // namespace helixsim
