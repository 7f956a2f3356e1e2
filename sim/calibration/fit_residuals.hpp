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

using SmoothGrids = std::vector<std::vector<SmoothAxis>>;

/// Values of the nodes of several tables whose sum meets the samples: least of a soft-L1 loss, to
/// which samples far off count little, with a penalty on differences between neighbours, which
/// fills nodes without samples, and a weaker one on the values, which lets them fade to 0 away from
/// data. Values are whole thousandths. Deterministic.
std::vector<ResidualTable> fit_residuals(const SmoothGrids& grids,
                                         std::span<const ResidualSample> samples,
                                         double fading = 0.02);

/// The grids with the smoothness of each axis that predicts quarters of the samples best from the
/// other three: one axis after the other is made rougher or smoother by half a decade at a time, no
/// further than from 0.001 to 10, until no change of a single one helps, at most twice round.
SmoothGrids with_best_smoothness(SmoothGrids grids, std::span<const ResidualSample> samples,
                                 double fading = 0.02);

}  // namespace helixsim
