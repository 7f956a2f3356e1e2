#pragma once

#include "sim/config/node.hpp"
#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// Reads a model from this project's format ("helixsim/model/1") or from a Hugging Face
/// config.json. Errors: ConfigError for unknown keys, wrong ranges, heads that do not divide, and a
/// parameter total that misses the published one by more than 0.1 %.
ModelSpec read_model(const Node& document);

}  // namespace helixsim
