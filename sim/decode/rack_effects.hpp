#pragma once

#include <vector>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/point.hpp"
#include "sim/parallel/rank_effects.hpp"

namespace helixsim {

/// What the setup's rack and the point's contexts mean for the ranks of the point's layout.
/// Contract: `evaluator` has evaluated the point last. Errors: ConfigError, see failed_links.
RankEffects effects_on(const Evaluator& evaluator, const Point& point);

/// Whether symmetry cannot stand for all ranks of this point, or is not to.
bool needs_ranks(const Setup& setup, const Point& point);

}  // namespace helixsim
