#pragma once

#include <string>
#include <vector>

#include "sim/calibration/fit_law.hpp"

namespace helixsim {

/// A measurement beside the prediction of a fit that did not see it.
struct HeldOutRow {
  std::string shape;       ///< in words
  double bytes = 0.0;      ///< least that the kernel moves, or puts on its wires
  double measured = 0.0;   ///< s
  double predicted = 0.0;  ///< s, with residuals
  double law_alone = 0.0;  ///< s
  Region region = Region::Latency;
  double splits = 0.0;  ///< of attention; 0: the law has none
  double waves = 0.0;

  /// Predicted over measured, less one, in per cent.
  [[nodiscard]] double error_percent() const { return (predicted / measured - 1.0) * 100.0; }
};

/// The judged rows of a fit, in the order of the measurements.
template <class Law>
std::vector<HeldOutRow> held_out_rows(const FamilyFit<Law>& fit);

}  // namespace helixsim
