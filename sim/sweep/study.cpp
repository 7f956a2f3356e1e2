#include "sim/sweep/study.hpp"

#include <algorithm>

namespace helixsim {
namespace {

bool is_one_of(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

NamedFrontiers drawn_frontiers(const StudyResult& result, std::size_t context) {
  NamedFrontiers frontiers;
  for (const StrategySpace& space : result.study->space.strategies) {
    frontiers.emplace_back(space.strategy->name,
                           strategy_frontier(result, context, space.strategy->name));
  }
  std::vector<const Frontier*> all;
  std::vector<const Frontier*> of_baseline;
  for (const auto& [name, frontier] : frontiers) {
    all.push_back(&frontier);
    if (is_one_of(result.study->baseline, name)) of_baseline.push_back(&frontier);
  }
  Frontier baseline = merged(of_baseline);
  Frontier overall = merged(all);
  if (!result.study->baseline.empty()) frontiers.emplace_back("baseline", std::move(baseline));
  frontiers.emplace_back("overall", std::move(overall));
  return frontiers;
}

Frontier strategy_frontier(const StudyResult& result, std::size_t context,
                           std::string_view strategy) {
  return frontier_of(result.search.grid, result.search.contexts[context],
                     [&](const GridLayout& layout) { return layout.strategy->name == strategy; });
}

Frontier baseline_frontier(const StudyResult& result, std::size_t context,
                           const std::vector<std::string>& baseline) {
  return frontier_of(
      result.search.grid, result.search.contexts[context],
      [&](const GridLayout& layout) { return is_one_of(baseline, layout.strategy->name); });
}

Frontier overall_frontier(const StudyResult& result, std::size_t context) {
  return frontier_of(result.search.grid, result.search.contexts[context],
                     [](const GridLayout&) { return true; });
}

}  // namespace helixsim
