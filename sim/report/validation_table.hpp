#pragma once

#include <string>
#include <vector>

#include "sim/sweep/validation_run.hpp"

namespace helixsim {

/// A file of published steps and what came of it.
struct ValidationReport {
  Validation file;
  std::vector<ValidationResult> results;  ///< point into `file.measured`
};

/// Published beside predicted numbers for a terminal: a table a file, for a miss what our number is
/// made of, and what is not modelled; then how many are within their bands, by soundness.
std::string validation_table(const std::vector<ValidationReport>& reports);
std::string validation_json(const std::vector<ValidationReport>& reports);
std::string validation_csv(const std::vector<ValidationReport>& reports);

/// Whether a sound number is missed.
bool sound_miss(const std::vector<ValidationReport>& reports);

}  // namespace helixsim
