#pragma once

#include <span>
#include <string>

#include "sim/calibration/structural_checks.hpp"

namespace helixsim {

/// Structural checks of a fit, a line for each check, operation and format.
std::string structural_table(std::span<const StructuralCheck> checks);
std::string structural_csv(std::span<const StructuralCheck> checks);
std::string structural_json(const std::string& system, std::span<const StructuralCheck> checks);

}  // namespace helixsim
