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
  bool needs_dp;             ///< dp must; a search space varies it without being told so
  bool hides_exchange;       ///< HOP-B applies to its exchange, where that follows attention
  bool overlaps_all_reduce;  ///< the option overlap_all_reduce applies
  TakenOptions takes;        ///< of the options that not every strategy has
};

/// Every strategy, in the order of drawing.
std::span<const StrategyEntry> strategies();

/// `options` with those at their defaults that the strategy does not take.
ScheduleOptions options_for(const StrategyEntry& strategy, ScheduleOptions options);

const Strategy& tp_strategy();
const Strategy& dp_strategy();
const Strategy& medha_strategy();
const Strategy& helix_strategy();
const Strategy& dcp_strategy();

}  // namespace helixsim
