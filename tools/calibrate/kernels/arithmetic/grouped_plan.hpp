#pragma once

#include "tools/calibrate/kernels/host_device.hpp"

namespace helixsim::kernels {

/// How many warps of a block share rows of a grouped GEMM, each a part of k: 1, 2 .. most. A block
/// takes 16 warps / that many rows of one expert at a time. More of them make smaller pieces, which
/// spread evenly over blocks; fewer read x less often. The fewest that come within 2% of the best
/// spread.
/// `touched` experts have tokens; n outputs each; `slots` blocks run at once, of `warps` warps.
inline int grouped_k_warps(int touched, int n, int most, int warps, int slots) {
  const auto up = [](int a, int b) { return (a + b - 1) / b; };
  int best = 1;
  double best_part = 0.0;
  for (int k_warps = 1; k_warps <= most; k_warps *= 2) {
    const int rows = 16 * warps / k_warps;
    const int rounds = up(touched * up(n, rows), slots);
    if (rounds == 0) break;
    // Rows over what all blocks could take in that time.
    const double part =
        static_cast<double>(touched) * n / (static_cast<double>(rounds) * slots * rows);
    if (part <= best_part * 1.02) continue;
    best_part = part;
    best = k_warps;
  }
  return best;
}

}  // namespace helixsim::kernels
