#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "hw_models/system.hpp"
#include "sim/calibration/record.hpp"

namespace helixsim {

/// Where a system file with new laws is written, as --out names it.
struct FittedSystemPath {
  std::filesystem::path system;
  std::filesystem::path laws_name;  ///< as the system file names it: laws/NAME.json beside it

  [[nodiscard]] std::filesystem::path laws() const { return system.parent_path() / laws_name; }
};
/// Makes its folders. Errors: ConfigError for a name that does not end in .json, for files that are
/// there but are no system and no laws, where nothing can be written, and for a system that has no
/// fidelity which could use laws.
FittedSystemPath fitted_system_path(const System& system, const std::string& out);

/// Writes the laws and, unless it is the system's own file that names them already and records have
/// no gap between kernels, the system's file with its name, its laws and that gap. Comments in it
/// are lost. Errors: ConfigError for laws that no command could read, as rows that are off by a
/// factor of thousands make; nothing is written then.
void write_fitted_system(const System& system, const FittedLaws& laws,
                         std::span<const MeasuredRecord> records, const FittedSystemPath& path);

}  // namespace helixsim
