#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/decode/request.hpp"
#include "sim/sweep/frontier.hpp"
#include "sim/sweep/search.hpp"
#include "sim/sweep/search_space.hpp"

namespace helixsim {

/// One model over one search space, and what it is compared with.
struct Study {
  SetupRequest request;
  Setup setup;
  SearchSpace space;
  std::vector<std::string> baseline;  ///< strategies whose best is the baseline
};

/// A study that has been run.
struct StudyResult {
  const Study* study = nullptr;
  SearchResult search;
};

/// The frontiers of a study at one context that tables and reports draw, by name: each strategy of
/// the search space, "baseline" when the study has one, "overall".
using NamedFrontiers = std::vector<std::pair<std::string, Frontier>>;
NamedFrontiers drawn_frontiers(const StudyResult& result, std::size_t context);

/// Frontiers of a study at one context (an index into its search space).
Frontier strategy_frontier(const StudyResult& result, std::size_t context,
                           std::string_view strategy);
Frontier baseline_frontier(const StudyResult& result, std::size_t context,
                           const std::vector<std::string>& baseline);
Frontier overall_frontier(const StudyResult& result, std::size_t context);

}  // namespace helixsim
