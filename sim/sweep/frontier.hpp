#pragma once

#include <functional>
#include <vector>

#include "sim/sweep/search.hpp"

namespace helixsim {

/// One point of a frontier with its two coordinates.
struct FrontierPoint {
  std::size_t record = 0;  ///< index into ContextResult::records
  Point point;
  int chunks = 1;
  SimTime ttl;
  double interactivity = 0.0;  ///< tokens/s/user
  double throughput = 0.0;     ///< tokens/s/GPU
};

/// From the fast end to the high-throughput end.
using Frontier = std::vector<FrontierPoint>;

/// The Pareto frontier of the records of one context whose layout `accept` takes; it is asked once
/// a layout.
Frontier frontier_of(const Grid& grid, const ContextResult& result,
                     const std::function<bool(const GridLayout&)>& accept);

/// The Pareto frontier of frontiers of one context: that of all their points, since what a frontier
/// leaves out is dominated by what it holds.
Frontier merged(const std::vector<const Frontier*>& frontiers);

/// The frontier point with the largest throughput among those at least as fast as `interactivity`;
/// null when none is.
const FrontierPoint* at_least_as_fast(const Frontier& frontier, double interactivity);

/// Throughput of the frontier at `interactivity`, interpolated linearly between its points; 0
/// beyond its fast end.
double throughput_at(const Frontier& frontier, double interactivity);

}  // namespace helixsim
