#pragma once

#include <string>

#include "sim/calibration/accuracy.hpp"

namespace helixsim {

/// Predicted against measured latency. The table leaves out the regions of single kernels; CSV and
/// JSON have every group, as docs/design.md words them.
std::string accuracy_table(const Accuracy& accuracy);
std::string accuracy_csv(const Accuracy& accuracy);
std::string accuracy_json(const std::string& system, const Accuracy& accuracy);

/// What a fit reached on rows kept out of it, a line a kernel family: law alone, with residuals.
std::string fit_table(const FittedLaws& laws);

}  // namespace helixsim
