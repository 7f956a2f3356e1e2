#pragma once

#include <string>
#include <vector>

#include "sim/decode/step_error.hpp"

namespace helixsim {

/// What the user must know of where a step's times come from: operations beyond the measurements of
/// their kernels, operations that no kernel was measured for, and kernels that are predicted badly.
/// Operations that take less than a hundredth of the TTL have none. Nothing where the fidelity does
/// not know its errors.
std::vector<std::string> kernel_warnings(const EvaluatedStep& step, const Hardware& hardware);

}  // namespace helixsim
