#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/calibration/record.hpp"

namespace helixsim {

/// How much repetitions of one measurement differ, over the records of a kernel.
struct Repeatability {
  std::string kernel;
  long long records = 0;
  double median_percent = 0.0;  ///< of (p90 - p10) / median
  double p90_percent = 0.0;
  double worst_percent = 0.0;
  std::string worst;      ///< key of the widest record
  long long suspect = 0;  ///< measured while the GPU was not at its usual rate; not counted above
  /// Cells with several records, of runs that were repeated on one GPU.
  long long again = 0;
  double again_median_percent = 0.0;  ///< of (largest - smallest) / smallest of a cell's medians
  double again_p90_percent = 0.0;
};

/// (p90 - p10) / median of a record's repetitions, in per cent.
double spread_percent(const MeasuredRecord& record);

/// By kernel. Records whose check failed are left out.
std::vector<Repeatability> repeatability(std::span<const MeasuredRecord> records);

}  // namespace helixsim
