#include "sim/sweep/grid.hpp"

#include <algorithm>
#include <tuple>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

/// Calls `visit` for every combination of the strategy's widths that has one of the allowed numbers
/// of GPUs and whose FFN widths multiply. Lists rise, so a product that is too large ends its loop:
/// long lists cost no time.
template <typename Visit>
void for_each_layout(const StrategySpace& space, const std::vector<int>& gpus, Visit visit) {
  const auto too_many = [&](const Layout& layout) { return layout.gpus() > gpus.back(); };
  const auto add_ffn = [&](Layout layout) {
    if (!std::binary_search(gpus.begin(), gpus.end(), layout.gpus())) return;
    const int ffn_gpus = space.strategy->get().widths(layout, {}).dense_ffn;
    for (const int ep : space.ep) {
      if (ep > ffn_gpus) break;
      layout.ep = ep;
      layout.tpf = ffn_gpus / ep;
      const bool multiplies = ffn_gpus % ep == 0;
      if (multiplies && std::binary_search(space.tpf.begin(), space.tpf.end(), layout.tpf))
        visit(layout);
    }
  };
  Layout layout;
  for (const int pp : space.pp) {
    layout = {.pp = pp};
    if (too_many(layout)) break;
    for (const int tpa : space.tpa) {
      layout = {.tpa = tpa, .pp = pp};
      if (too_many(layout)) break;
      for (const int kvp : space.kvp) {
        layout = {.tpa = tpa, .kvp = kvp, .pp = pp};
        if (too_many(layout)) break;
        for (const int dp : space.dp) {
          layout = {.tpa = tpa, .kvp = kvp, .dp = dp, .pp = pp};
          if (too_many(layout)) break;
          add_ffn(layout);
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
    for_each_layout(of_strategy, space.gpus, [&](const Layout& layout) {
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
