#pragma once

#include <string>

#include "sim/decode/setup.hpp"
#include "sim/decode/step_report.hpp"

namespace helixsim {

/// One decode step for a terminal of 80 columns: what it is, what it reaches, where the time goes,
/// operation by operation.
std::string step_table(const Setup& setup, const StepReport& report);

}  // namespace helixsim
