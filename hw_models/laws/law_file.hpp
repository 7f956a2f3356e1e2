#pragma once

#include <string>

#include "hw_models/laws/fitted_laws.hpp"
#include "sim/config/node.hpp"

namespace helixsim {

/// Reads a file of fitted laws (`helixsim/laws/1`). `gpu` is of the system that uses them.
/// Errors: ConfigError.
FittedLaws read_laws(const Node& document, const LawGpu& gpu);

/// The file's text: each number with value, unit, source and standard error; residuals as whole
/// thousandths of a logarithm. Reading it back gives the same predictions.
std::string to_json(const FittedLaws& laws);

}  // namespace helixsim
