#pragma once

#include <span>
#include <string>

#include "sim/calibration/rank_layer_prediction.hpp"

namespace helixsim {

/// Whole layers (S: tokens of a request on the rank; PDL: launches overlap) and HOP-B studies:
/// measured, predicted and by how much they differ; with `parts` the kernels of each. HOP-B lines
/// also have the gain over one chunk, in points of its time.
std::string layer_table(std::span<const LayerPrediction> layers, bool parts);
std::string layer_csv(std::span<const LayerPrediction> layers);
std::string layer_json(std::span<const LayerPrediction> layers);

}  // namespace helixsim
