#pragma once

#include <array>

#include "sim/engine/time.hpp"
#include "sim/llm/operation.hpp"

namespace helixsim {

/// Times of one block of operations on a rank.
struct BlockTimes {
  SimTime makespan;
  std::array<SimTime, kTimeCategories>
      busy{};  ///< by category; Communication is hidden and exposed together
};

}  // namespace helixsim
