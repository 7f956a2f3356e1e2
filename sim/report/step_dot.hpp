#pragma once

#include <filesystem>

#include "sim/decode/evaluator.hpp"

namespace helixsim {

/// Writes the schedule of one rank, each kind of block once, as `evaluator` has run it last, in
/// Graphviz's DOT language. The file appears whole or not at all. Errors: ConfigError.
void write_step_dot(const Evaluator& evaluator, const std::filesystem::path& path);

}  // namespace helixsim
