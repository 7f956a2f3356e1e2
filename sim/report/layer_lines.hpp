#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/calibration/rank_layer_prediction.hpp"

namespace helixsim {

/// A whole layer or a study of HOP-B beside its prediction, as tables and pages show it.
struct LayerLine {
  const LayerPrediction* layer = nullptr;
  bool hop_b = false;
  std::string name;                   ///< in the words of layouts
  std::optional<double> error;        ///< predicted over measured less one, in %
  std::optional<double> gain;         ///< of a study: over the same in one chunk, in % of its time
  std::optional<double> gain_by_law;  ///< the same, both predicted
};

/// In the order of the predictions, which they point into.
std::vector<LayerLine> layer_lines(std::span<const LayerPrediction> layers);

/// Laws and records that some prediction wants and that are not there, each once; empty when none.
std::vector<std::string> missing_of(std::span<const LayerPrediction> layers);

}  // namespace helixsim
