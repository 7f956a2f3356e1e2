#pragma once

#include <vector>

#include "tools/calibrate/emulator/emulator.hpp"

namespace helixsim {

/// Schedules that every kernel's results must be the same bits under: in turn, at random, and with
/// one warp far ahead of the others, copies late.
inline std::vector<emulator::Schedule> schedules() {
  using emulator::Order;
  return {{Order::RoundRobin, 0, false},
          {Order::Random, 7, true},
          {Order::Starve, 0, true},
          {Order::Starve, 2, false},
          {Order::Starve, 3, true}};
}

}  // namespace helixsim
