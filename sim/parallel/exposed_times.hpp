#pragma once

#include <span>
#include <vector>

#include "hw_models/hardware.hpp"
#include "sim/engine/time.hpp"
#include "sim/parallel/block_order.hpp"

namespace helixsim {

/// By how much each operation of a block makes it longer: the times that lie on a longest path
/// through the block. Their sum is the makespan that block_pass gives. An operation that hides
/// behind another has none; attention that HOP-B cuts and its exchange share what passes between
/// the start of the first and the end of the last.
std::vector<SimTime> exposed_times(std::span<const Operation> operations, const HopB& hop_b,
                                   int requests, const Hardware& hardware, bool overlap_all_reduce);

}  // namespace helixsim
