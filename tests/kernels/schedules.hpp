#pragma once

#include <vector>

#include "tools/calibrate/emulator/emulator.hpp"

namespace helixsim {

/// Schedules that every kernel's results must be the same bits under: in turn, at random, and with
/// one warp far ahead of the others; copies late, or work, or both, or none.
inline std::vector<emulator::Schedule> schedules() {
  using emulator::Order;
  return {{Order::RoundRobin, 0, false, true},
          {Order::Random, 7, true, true},
          {Order::Starve, 0, true, false},
          {Order::Starve, 2, false, false},
          {Order::Starve, 3, true, true}};
}

}  // namespace helixsim
