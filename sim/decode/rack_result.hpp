#pragma once

#include <array>
#include <cstddef>

#include "sim/engine/time.hpp"
#include "sim/llm/operation.hpp"

namespace helixsim {

/// What one decode step takes when every rank is simulated.
struct RackResult {
  SimTime ttl;
  std::size_t tasks = 0;
  int layers_run = 0;    ///< of one micro-batch; fewer than the model's when the rest repeats them
  int slowest_rank = 0;  ///< computes the longest
  std::array<double, kTimeCategories> seconds{};  ///< of the slowest rank; see PointResult
  double hidden_seconds = 0.0;
};

}  // namespace helixsim
