#pragma once

#include <string>

#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"

namespace helixsim {

/// What the fullest GPU of a layout holds.
///
/// Model:  weights = ceil(L/pp) layers (where the model has two kinds and pp > 1, the heavier kind
/// as far as it goes) +
///         embedding and lm_head over the strategy's width (one of them when pp > 1); KV = pp
///         micro-batches x b requests x S/KVP tokens x ceil(L/pp) layers, an even share without
///         rounding to blocks; reserve from the system file.
/// Source: shared definitions of docs/modelling.md; checked against tests/reference/points.json.
MemoryUse memory_use(const Setup& setup, const Point& point);

/// One sentence: what does not fit into what.
std::string explain_infeasible(const MemoryUse& memory);

}  // namespace helixsim
