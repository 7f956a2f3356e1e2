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

/// The valid layouts of a search space for one model, in a fixed order: strategy, GPUs, then widths.
struct Grid {
  std::vector<GridLayout> layouts;
  long long rejected_layouts = 0;  ///< combinations with an allowed number of GPUs that make no valid layout
};

/// Errors: ConfigError when no layout is valid, with the first reason.
Grid make_grid(const SearchSpace& space, const Setup& setup);

/// HOP-B modes that make a difference on this layout: all where an exchange can be hidden, else "off" alone.
std::vector<HopB> hop_b_modes(const SearchSpace& space, const GridLayout& layout);

}  // namespace helixsim
