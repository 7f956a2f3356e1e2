#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "hw_models/laws/fitted_law.hpp"
#include "sim/calibration/measured_rows.hpp"
#include "sim/units/draw.hpp"

namespace helixsim {

/// The value below which a part of the values lies: of rank ceil(part * count). 0 for none.
double quantile(std::vector<double>& values, double part);

/// Absolute percentage error, of the measured time.
inline double ape_percent(double predicted, double measured) {
  return std::abs(predicted / measured - 1.0) * 100.0;
}

/// Error in figures, from logarithms of measured over predicted time.
LawError law_error(std::vector<double> log_ratios);
/// The larger of two errors, figure by figure.
LawError larger(const LawError& a, const LawError& b);

/// Sorted, without what lies less than `gap` above its predecessor; the last one stays.
std::vector<double> apart(std::vector<double> values, double gap);

/// Which of five parts a row belongs to, by its place in its family.
inline int fold_of(std::size_t row) {
  return static_cast<int>(drawn(5, row, 0) * 5.0);
}

/// Rows to fit to, and the fifth that is kept out; none is of fewer than 20.
template <class Law>
std::pair<std::vector<MeasuredShape<Law>>, std::vector<MeasuredShape<Law>>> split_rows(
    const std::vector<MeasuredShape<Law>>& rows) {
  std::pair<std::vector<MeasuredShape<Law>>, std::vector<MeasuredShape<Law>>> parts;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const bool held = fold_of(row) == 0 && rows.size() >= 20;
    (held ? parts.second : parts.first).push_back(rows[row]);
  }
  return parts;
}

}  // namespace helixsim
