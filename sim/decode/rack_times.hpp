#pragma once

#include <optional>
#include <vector>

#include "sim/decode/rack_step.hpp"

namespace helixsim {

/// Times of one operation on one rank, chunks of HOP-B together, relative to the start of its layer
/// there; the mean over the layers that have it.
struct OperationTimes {
  SimTime duration;
  SimTime start;
  SimTime finish;
  SimTime exposed;  ///< in which the rank computes nothing
};

/// By index of the folded schedule's operations; nothing for what the rank does not do.
std::vector<std::optional<OperationTimes>> times_on_rank(const RackStep& step, int rank);

}  // namespace helixsim
