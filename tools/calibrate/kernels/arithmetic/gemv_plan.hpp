#pragma once

#include "tools/calibrate/kernels/host_device.hpp"

namespace helixsim::kernels {

/// How a skinny GEMM of n rows of weights and k columns is cut: warps take tiles of 16 rows over
/// `k_range` columns; all warps of a block the same columns.
struct GemvPlan {
  int k_range = 0;  ///< columns of a split, whole steps
  int splits = 1;   ///< of k
  int groups = 1;   ///< blocks of a split, each of `warps` warps
};

/// The plan that keeps the most warps at work to the end, in whole rounds of tiles; of equal ones
/// the one with the fewest splits.
/// `step` columns are the least of a split, `most_range` the most, `slots` blocks run at once.
inline GemvPlan gemv_plan(int n, int k, int step, int most_range, int warps, int slots) {
  const auto up = [](int a, int b) { return (a + b - 1) / b; };
  const int tiles = up(n, 16);
  const int steps = up(k, step);
  GemvPlan best;
  double best_part = 0.0;
  for (int splits = up(k, most_range); splits <= steps; ++splits) {
    const int range = up(steps, splits) * step;
    if (up(k, range) != splits) continue;  // a split would be empty
    const int most_groups = slots / splits > 1 ? slots / splits : 1;
    const int wanted = up(tiles, warps);
    const int groups = wanted < most_groups ? wanted : most_groups;
    const int rounds = up(tiles, groups * warps) * up(splits * groups, slots);
    // Work over what all warps could do in that time.
    const double part =
        static_cast<double>(n) * k / (static_cast<double>(rounds) * slots * warps * 16.0 * range);
    if (part <= best_part * 1.02) continue;
    best_part = part;
    best = {.k_range = range, .splits = splits, .groups = groups};
  }
  return best;
}

/// The plan of each of `batch` small GEMMs at once: k is not split.
inline GemvPlan batched_gemv_plan(int batch, int n, int k, int step, int warps, int slots) {
  const auto up = [](int a, int b) { return (a + b - 1) / b; };
  const int wanted = up(up(n, 16), warps);
  const int most = slots / batch > 1 ? slots / batch : 1;
  return {.k_range = up(k, step) * step, .splits = 1, .groups = wanted < most ? wanted : most};
}

}  // namespace helixsim::kernels
