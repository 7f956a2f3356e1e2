#pragma once

#include <span>
#include <vector>

#include "sim/calibration/benchmark_routing.hpp"

namespace helixsim {

/// Pairs of token and expert of each expert; rank r holds the r-th `local` of them.
struct ExpertLoads {
  std::vector<int> pairs;
  std::size_t local = 1;

  [[nodiscard]] std::size_t ranks() const { return pairs.size() / local; }
  [[nodiscard]] std::span<int> of_rank(std::size_t rank) {
    return std::span(pairs).subspan(rank * local, local);
  }
};

/// Loads by a power law, as the benchmark makes them: popularity drawn within bounds, scaled to the
/// pairs that there are, in whole numbers and no more than the tokens; what that leaves over is
/// added to or taken from one rank after the other. The most loaded rank comes first. `draw` is
/// the seed.
ExpertLoads power_law_loads(const BenchmarkRouting& routing, double exponent, int draw);

}  // namespace helixsim
