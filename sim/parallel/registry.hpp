#pragma once

#include <span>
#include <string_view>

#include "sim/parallel/strategy.hpp"

namespace helixsim {

struct StrategyEntry {
  std::string_view name;
  std::string_view summary;
  const Strategy& (*get)();
  bool uses_kvp;             ///< kvp may exceed 1
  bool uses_dp;              ///< dp may exceed 1
  bool hides_exchange;       ///< HOP-B applies to its exchange
  bool overlaps_all_reduce;  ///< the option overlap_all_reduce applies
};

/// Every strategy, in the order of drawing.
std::span<const StrategyEntry> strategies();

const Strategy& tp_strategy();
const Strategy& dp_strategy();
const Strategy& medha_strategy();
const Strategy& helix_strategy();

}  // namespace helixsim
