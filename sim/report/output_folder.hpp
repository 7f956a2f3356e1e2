#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace helixsim {

/// A result folder that appears whole or not at all: files are written to a folder beside it, which
/// takes its place on commit() and is removed otherwise.
class OutputFolder {
 public:
  /// Errors: ConfigError when the place cannot be written, or exists and `overwrite` is not given,
  /// or exists and does not look like a result folder (no report.json,
  /// accuracy.csv or held_out.csv of this program in it). Messages name the flag that the place
  /// was given with.
  OutputFolder(const std::filesystem::path& place, bool overwrite, std::string flag = "--out");
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Errors: ConfigError when the file cannot be written (a full disk, for example).
  void write(std::string_view name, std::string_view text) const;
  /// Appends to a file that is written in pieces.
  void append(std::string_view name, std::string_view text) const;
  void commit();

 private:
  [[nodiscard]] std::filesystem::path working() const;

  std::string flag_;
  std::filesystem::path place_;
  std::filesystem::path working_;
  bool committed_ = false;
};

}  // namespace helixsim
