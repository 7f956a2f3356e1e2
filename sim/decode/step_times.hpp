#pragma once

#include <array>

#include "sim/decode/pipeline.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/step_operations.hpp"
#include "sim/parallel/block_times.hpp"

namespace helixsim {

/// Times of all blocks of a step, by Block.
using StepTimes = std::array<BlockTimes, kBlocks>;

StepBlocks makespans_of(const StepTimes& times);

/// Chunks that a HOP-B mode cuts `requests` into; 1 is one exchange after the whole attention.
int chunks_of(const HopB& as_run, int requests);

/// Books the blocks of a step by category into the result: compute is the busy time of the compute
/// stream; communication is exposed as far as a block is longer than that, else hidden.
void book_categories(const StepTimes& times, const StepWeights& weights, PointResult& result);

}  // namespace helixsim
