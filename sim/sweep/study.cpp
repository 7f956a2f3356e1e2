#include "sim/sweep/study.hpp"

#include <algorithm>

namespace helixsim {

Frontier strategy_frontier(const StudyResult& result, std::size_t context,
                           std::string_view strategy) {
  return frontier_of(result.search.grid, result.search.contexts[context],
                     [&](const Point& point) { return point.strategy->name == strategy; });
}

Frontier baseline_frontier(const StudyResult& result, std::size_t context,
                           const std::vector<std::string>& baseline) {
  return frontier_of(result.search.grid, result.search.contexts[context], [&](const Point& point) {
    return std::find(baseline.begin(), baseline.end(), point.strategy->name) != baseline.end();
  });
}

Frontier overall_frontier(const StudyResult& result, std::size_t context) {
  return frontier_of(result.search.grid, result.search.contexts[context],
                     [](const Point&) { return true; });
}

}  // namespace helixsim
