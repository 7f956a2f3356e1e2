#pragma once

#include <string>

#include "sim/report/trace/trace.hpp"
#include "tests/support/random.hpp"

namespace helixsim {

/// "GPU 0" with tracks "compute" and "communication", "GPU 1" with "compute"; three slices, one
/// flow from GPU 0 to GPU 1, one counter. Small enough to be compared byte by byte.
Trace tiny_trace();

/// Two layers on four GPUs: attention in chunks, whose exchange runs beside the next chunk and
/// which every FFN waits for. Times with odd picoseconds, names with quotes and other alphabets.
Trace hop_b_trace();

/// Up to 5 processes, 12 tracks and 300 slices back to back or with gaps, some without length, up
/// to 100 flows; slices of different tracks in any order.
Trace random_trace(Random& random);

}  // namespace helixsim
