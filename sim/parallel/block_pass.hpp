#pragma once

#include <span>

#include "hw_models/hardware.hpp"
#include "sim/parallel/block_order.hpp"
#include "sim/parallel/block_times.hpp"

namespace helixsim {

/// Times of one block without task graph and event queue, the same to the picosecond as Schedule
/// gives when the engine runs it.
///
/// Why: in a block the order on both streams is fixed by its dependencies. Operations follow one
/// another, so nothing waits in a queue, and the block is a sum. The exceptions are a kernel and
/// the all-reduce that overlaps it, which start together on idle streams (a maximum), and the two
/// stages of HOP-B, whose pieces keep their order (pipeline_time). Times are whole picoseconds, so
/// the order of additions does not matter. Checked against the engine in
/// tests/parallel/block_pass_test.cpp.
BlockTimes block_pass(std::span<const Operation> operations, const HopB& hop_b, int requests,
                      const Hardware& hardware, bool overlap_all_reduce);

}  // namespace helixsim
