#pragma once

#include <span>
#include <vector>

#include "hw_models/laws/residual_table.hpp"

namespace helixsim {

/// A logarithm of measured over predicted time at the coordinates of a shape.
struct ResidualSample {
  std::vector<double> coordinates;
  double log_ratio = 0.0;
};

/// An axis, and how strongly neighbours along it are held alike: a difference counts as much as
/// that many samples off by the same.
struct SmoothAxis {
  ResidualAxis axis;
  double smoothness = 0.1;
};

/// Values of the nodes of several tables whose sum meets the samples: least squares, with a penalty
/// on differences between neighbours, which fills nodes without samples, and a weaker one on the
/// values, which lets them fade to 0 away from data. Values are whole thousandths. Deterministic.
std::vector<ResidualTable> fit_residuals(const std::vector<std::vector<SmoothAxis>>& grids,
                                         std::span<const ResidualSample> samples,
                                         double fading = 0.02);

}  // namespace helixsim
