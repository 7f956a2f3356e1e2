#include "sim/report/output_folder.hpp"

#include <unistd.h>

#include <fstream>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

bool begins_with(const fs::path& path, std::string_view expected) {
  std::ifstream file(path, std::ios::binary);
  std::string begin(expected.size(), ' ');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return file && begin == expected;
}

/// Whether a file of the folder begins as this program writes it.
bool looks_like_results(const fs::path& folder) {
  return begins_with(folder / "report.json", R"({"format":"helixsim/report/)") ||
         begins_with(folder / "accuracy.csv", "system,op,dtype,kernel,region,rows,") ||
         begins_with(folder / "held_out.csv", "system,family,shape,");
}

/// The folder itself, links and dots resolved. Errors: ConfigError for the working folder, which
/// cannot be replaced.
fs::path real_place(const fs::path& place, const std::string& flag) {
  if (place.empty()) throw ConfigError(flag + ": expected a folder");
  std::error_code error;
  fs::path real = fs::weakly_canonical(place, error);
  if (error) real = place;
  if (!real.has_filename()) real = real.parent_path();
  if (fs::equivalent(real, fs::current_path(error), error)) {
    throw ConfigError(flag + ": " + place.string() +
                      " is the working folder, expected another one");
  }
  return real;
}

void write_file(const fs::path& path, std::string_view text, std::ios::openmode mode,
                const std::string& flag) {
  std::ofstream file(path, std::ios::binary | mode);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file)
    throw ConfigError(flag + ": " + path.filename().string() + " cannot be written in " +
                      path.parent_path().string());
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& place, bool overwrite, std::string flag)
    : flag_(std::move(flag)), place_(real_place(place, flag_)) {
  std::error_code error;
  if (fs::exists(place_, error)) {
    if (!fs::is_directory(place_, error))
      throw ConfigError(flag_ + ": " + place_.string() + " is a file, expected a folder");
    if (!fs::is_empty(place_, error)) {
      if (!looks_like_results(place_)) {
        throw ConfigError(flag_ + ": " + place_.string() +
                          " does not hold results of this program and is not replaced");
      }
      if (!overwrite)
        throw ConfigError(flag_ + ": " + place_.string() + " exists; --overwrite replaces it");
    }
  }
  working_ = place_;
  working_ += ".part-" + std::to_string(::getpid());
  fs::remove_all(working_, error);  // left behind by a killed run with the same process number
  fs::create_directories(working_, error);
  if (error || !fs::is_directory(working_)) {
    throw ConfigError(flag_ + ": " + place_.string() + " cannot be written: " + error.message());
  }
  fs::remove(working_, error);  // it comes with the first file: who stops before leaves nothing
}

OutputFolder::~OutputFolder() {
  std::error_code error;
  if (!committed_) fs::remove_all(working_, error);
}

fs::path OutputFolder::working() const {
  std::error_code error;  // told when the file cannot be written
  fs::create_directories(working_, error);
  return working_;
}

void OutputFolder::write(std::string_view name, std::string_view text) const {
  write_file(working() / name, text, std::ios::trunc, flag_);
}

void OutputFolder::append(std::string_view name, std::string_view text) const {
  write_file(working() / name, text, std::ios::app, flag_);
}

void OutputFolder::commit() {
  std::error_code error;
  fs::path old = working_;
  old += ".old";
  const bool replaces = fs::exists(place_, error);
  if (replaces) fs::rename(place_, old, error);
  if (!error) fs::rename(working(), place_, error);
  if (error) {
    std::error_code back;
    if (replaces && !fs::exists(place_, back)) fs::rename(old, place_, back);
    throw ConfigError(flag_ + ": " + place_.string() + " cannot be replaced: " + error.message());
  }
  committed_ = true;
  if (replaces) fs::remove_all(old, error);
}

}  // namespace helixsim
