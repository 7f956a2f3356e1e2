#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sim/calibration/record.hpp"

namespace helixsim {

/// Collects differences from FP64; the error is the root of their squares over that of the
/// reference.
class SampledCheck {
 public:
  void add(double found, double expected) {
    if (std::isnan(found)) nan_ = true;
    difference_ += (found - expected) * (found - expected);
    reference_ += expected * expected;
  }
  [[nodiscard]] CheckResult result(double tolerance) const {
    const double error =
        nan_ ? 1e30
             : std::sqrt(difference_ / std::max(reference_, std::numeric_limits<double>::min()));
    return {.error = error, .ok = error < tolerance};
  }

 private:
  double difference_ = 0.0;
  double reference_ = 0.0;
  bool nan_ = false;
};

}  // namespace helixsim
