#pragma once

#include <span>
#include <string>

#include "sim/calibration/accuracy.hpp"

namespace helixsim {

/// A system whose laws were held against its measurements.
struct ScoredSystem {
  std::string name;
  std::string title;
  std::string software;  ///< versions that were measured
  Accuracy accuracy;
};

/// Predicted against measured latency. The table leaves out the regions of single kernels; CSV and
/// JSON have every group, as docs/design.md words them.
std::string accuracy_table(const Accuracy& accuracy);
std::string accuracy_csv(std::span<const ScoredSystem> systems);
/// An object; an array of them for more than one system.
std::string accuracy_json(std::span<const ScoredSystem> systems);

/// What a fit reached on rows kept out of it, a line a kernel family: law alone, with residuals.
std::string fit_table(const FittedLaws& laws);

}  // namespace helixsim
