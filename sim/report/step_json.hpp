#pragma once

#include <string>

#include "sim/decode/setup.hpp"
#include "sim/decode/step_report.hpp"

namespace helixsim {

/// The report of `simulate --format json`, whose keys scripts rely on (docs/design.md, interfaces).
/// Seconds, bytes and flops as plain numbers in base units; fields that do not apply are 0.
std::string step_json(const Setup& setup, const StepReport& report);

/// One row an operation, for spreadsheets.
std::string step_csv(const StepReport& report);

}  // namespace helixsim
