#pragma once

#include <algorithm>
#include <cmath>

namespace helixsim {

/// How `items` of equal work fill the multiprocessors when each may be split. Laws predict with it
/// what a library does, and own kernels are launched by it: one piece of code for both.
struct SplitPlan {
  double splits = 1.0;  ///< parts of an item
  double waves = 1.0;   ///< rounds until all parts have run
};

/// As many splits as the multiprocessors hold at once, at most `most`, which is at least 1.
inline SplitPlan split_plan(double items, double most, double multiprocessors) {
  const double splits = std::clamp(std::floor(multiprocessors / items), 1.0, most);
  return {.splits = splits, .waves = std::ceil(items * splits / multiprocessors)};
}

}  // namespace helixsim
