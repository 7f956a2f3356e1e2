#pragma once

#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// Weights of the whole model in elements: projections, experts, router and two vocabulary
/// matrices. Norm vectors (under 0.01 %) and multi-token-prediction layers are not counted.
double parameter_count(const ModelSpec& model);

}  // namespace helixsim
