#pragma once

#include <optional>
#include <span>
#include <string>

#include "sim/report/accuracy_table.hpp"

namespace helixsim {

inline constexpr std::size_t kMostPlotPoints = 2000;

/// Predicted against measured times as one self-contained page: a plot for each operation and
/// format, of at most kMostPlotPoints rows, and the table of errors. Empty when the
/// program was built without the chart library.
std::optional<std::string> validation_html(std::span<const ScoredSystem> systems);

/// The page's data, as JSON.
std::string validation_data(std::span<const ScoredSystem> systems);

}  // namespace helixsim
