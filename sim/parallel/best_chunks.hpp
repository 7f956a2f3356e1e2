#pragma once

#include <span>

#include "hw_models/hardware.hpp"
#include "sim/llm/operation.hpp"

namespace helixsim {

/// The chunk count in [1, requests] whose attention block is shortest, the smallest of equals; 1 is
/// HOP-B off, also where nothing is cut. Exact: the block differs between counts by the pipeline of
/// attention and exchange alone, a count is left out only when a lower bound exceeds the best, and
/// all times are whole picoseconds.
int best_chunks(std::span<const Operation> attention_block, int requests, const Hardware& hardware);

}  // namespace helixsim
