#pragma once

#include <vector>

#include "sim/decode/rack_step.hpp"
#include "sim/report/rack_pieces.hpp"
#include "sim/report/trace/trace.hpp"

namespace helixsim {

/// Adds the counters of every GPU: HBM and links in use, in GB/s. Outside the times that `pieces`
/// cover, use is shown as zero. Processes 0.. of the trace are the GPUs.
void add_rack_counters(const RackStep& step, const Hardware& hardware,
                       const std::vector<RackPiece>& pieces, Trace& trace);

}  // namespace helixsim
