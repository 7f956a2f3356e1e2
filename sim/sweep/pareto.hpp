#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace helixsim {

/// A point as the frontier sees it. `ttl_ps` stands for interactivity (smaller is better, compared
/// exactly).
struct ParetoPoint {
  std::int64_t ttl_ps = 0;
  double throughput = 0.0;  ///< tokens/s/GPU
};

/// Indices of the points that no other point dominates: at least as good on both axes and better on
/// one. Ties are kept. Order: falling interactivity, equal points in order of index.
std::vector<std::size_t> pareto_frontier(std::span<const ParetoPoint> points);

}  // namespace helixsim
