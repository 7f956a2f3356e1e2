#pragma once

#include <optional>
#include <vector>

#include "sim/decode/rack_step.hpp"

namespace helixsim {

/// A kernel, or a rank's part of an exchange (over flows from its start-up to its end) or of its
/// latency.
struct RankBusy {
  TaskId task = 0;  ///< the first of them
  SimTime start;
  SimTime finish;
};

/// What the ranks of a rack that has run do, those of one rank in the order of its schedule.
std::vector<RankBusy> busy_times(const RackSchedule& rack);

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
