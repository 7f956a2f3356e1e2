#pragma once

#include <vector>

#include "sim/parallel/rack_schedule.hpp"

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

}  // namespace helixsim
