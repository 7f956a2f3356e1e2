#pragma once

#include <string_view>
#include <vector>

#include "sim/decode/evaluator.hpp"

namespace helixsim {

/// The part of a step's TTL that passes in one operation, all layers together.
struct CriticalOperation {
  std::string_view name;
  double seconds = 0.0;
  double share = 0.0;  ///< of the TTL
};

/// Which operations make the TTL: the time of each on a critical path of the step, the largest
/// first. Their sum is the TTL: a critical path has no gap.
///
/// Model: a path through one rank's schedule, each block counted as often as it weighs in the TTL.
/// Where ranks differ, a path through the schedule of all of them, with layers that stand for
/// others counted as often; of a pipeline the path is that of all rounds that were run, its parts
/// in proportion. Contract: the point that `evaluator` has evaluated last is feasible.
std::vector<CriticalOperation> critical_operations(const Evaluator& evaluator, SimTime ttl);

}  // namespace helixsim
