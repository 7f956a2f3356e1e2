#pragma once

#include <fstream>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace helixsim {

/// A table in a folder of its own, which goes with it.
class TemporaryTable {
 public:
  TemporaryTable(const std::string& name, const std::string& text) : path_(folder_.path() / name) {
    std::filesystem::create_directories(path_.parent_path());
    std::ofstream(path_, std::ios::binary) << text;
  }

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_;
};

}  // namespace helixsim
