#include "sim/sweep/pareto.hpp"

#include <algorithm>
#include <numeric>

namespace helixsim {

std::vector<std::size_t> pareto_frontier(std::span<const ParetoPoint> points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (points[a].ttl_ps != points[b].ttl_ps) return points[a].ttl_ps < points[b].ttl_ps;
    if (points[a].throughput != points[b].throughput)
      return points[a].throughput > points[b].throughput;
    return a < b;
  });
  std::vector<std::size_t> frontier;
  for (const std::size_t candidate : order) {
    const ParetoPoint& point = points[candidate];
    const bool first = frontier.empty();
    const bool better = !first && point.throughput > points[frontier.back()].throughput;
    const bool tie = !first && point.throughput == points[frontier.back()].throughput &&
                     point.ttl_ps == points[frontier.back()].ttl_ps;
    if (first || better || tie) frontier.push_back(candidate);
  }
  return frontier;
}

}  // namespace helixsim
