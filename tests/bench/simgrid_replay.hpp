#pragma once

#include "tests/bench/replay_mode.hpp"

namespace helixsim::bench {

/// How the graph of a decode step is written for SimGrid: as an actor a stream, the two of a rank
/// meeting at semaphores, or (graph "decode_by_rank") as an actor a rank, which starts exchanges as
/// activities beside its kernels. The second is the quicker one.
///
/// The replay by SimGrid's actors, which can be done once in a process: the engine is one per
/// process. Amounts are those of our own graph; the time that building it takes is given as
/// `excluded_seconds` and belongs to neither side.
ReplayResult replay_with_simgrid(const Replay& replay);

}  // namespace helixsim::bench
