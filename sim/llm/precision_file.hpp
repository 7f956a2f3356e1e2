#pragma once

#include "sim/config/node.hpp"
#include "sim/llm/precision_plan.hpp"

namespace helixsim {

/// Reads a preset ("helixsim/precision/1"): formats of every class of weights, of KV cache,
/// attention arithmetic and activations, and where they come from. Errors: ConfigError for unknown
/// and missing keys and for unknown formats.
PrecisionPlan read_precision_plan(const Node& document);

}  // namespace helixsim
