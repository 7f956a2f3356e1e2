#pragma once

#include <vector>

#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"
#include "sim/sweep/search_space.hpp"

namespace helixsim {

/// A strategy on a layout.
struct GridLayout {
  const StrategyEntry* strategy = nullptr;
  Layout layout;
};

/// The valid layouts of a search space for one model, in a fixed order: strategy, GPUs, then
/// widths.
struct Grid {
  std::vector<GridLayout> layouts;
  long long rejected_layouts =
      0;  ///< combinations whose widths multiply and that the model or strategy refuses
};

/// Errors: ConfigError when no layout is valid, with the first reason.
Grid make_grid(const SearchSpace& space, const Setup& setup);

}  // namespace helixsim
