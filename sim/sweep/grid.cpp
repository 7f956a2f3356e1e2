#include "sim/sweep/grid.hpp"

#include <algorithm>
#include <tuple>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

/// Calls `visit` for every combination of the strategy's widths.
template <typename Visit>
void for_each_layout(const StrategySpace& space, Visit visit) {
  for (const int pp : space.pp) {
    for (const int tpa : space.tpa) {
      for (const int kvp : space.kvp) {
        for (const int dp : space.dp) {
          for (const int ep : space.ep) {
            for (const int tpf : space.tpf) {
              visit(Layout{.tpa = tpa, .kvp = kvp, .dp = dp, .tpf = tpf, .ep = ep, .pp = pp});
            }
          }
        }
      }
    }
  }
}

}  // namespace

Grid make_grid(const SearchSpace& space, const Setup& setup) {
  Grid grid;
  std::string first_reason;
  for (const StrategySpace& of_strategy : space.strategies) {
    const std::size_t begin = grid.layouts.size();
    const Strategy& strategy = of_strategy.strategy->get();
    for_each_layout(of_strategy, [&](const Layout& layout) {
      // Products in 64 bits: widths come from a file.
      const long long gpus =
          static_cast<long long>(layout.tpa) * layout.kvp * layout.dp * layout.pp;
      if (!std::binary_search(space.gpus.begin(), space.gpus.end(), gpus)) return;
      // FFN widths that do not multiply are not combinations to be rejected: they are never made.
      if (static_cast<long long>(layout.tpf) * layout.ep != strategy.widths(layout).dense_ffn)
        return;
      if (const auto fault = layout_fault(setup, *of_strategy.strategy, layout)) {
        ++grid.rejected_layouts;
        if (first_reason.empty()) first_reason = fault->field + ": " + fault->message;
        return;
      }
      grid.layouts.push_back({of_strategy.strategy, layout});
    });
    std::sort(grid.layouts.begin() + static_cast<std::ptrdiff_t>(begin), grid.layouts.end(),
              [](const GridLayout& a, const GridLayout& b) {
                return std::tuple(a.layout.gpus(), a.layout) <
                       std::tuple(b.layout.gpus(), b.layout);
              });
  }
  if (grid.layouts.empty()) {
    throw ConfigError(
        "the search space is empty: no combination of its widths makes a valid layout for " +
        setup.model.name +
        (first_reason.empty() ? " with one of its GPU counts" : " (" + first_reason + ")"));
  }
  return grid;
}

}  // namespace helixsim
