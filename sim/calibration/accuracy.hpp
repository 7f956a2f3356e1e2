#pragma once

#include <map>
#include <string>
#include <vector>

#include "hw_models/laws/fitted_laws.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

/// How well measurements of one kind are predicted. `region` is "all", what bounds the kernels (the
/// names of Region), or a part that is of interest, such as "sequence >= 32k" or "8 GPUs".
struct AccuracyGroup {
  std::string op;
  std::string dtype;
  std::string kernel;  ///< "all" where it sums over kernels
  std::string region;
  long long rows = 0;         ///< predicted and measured
  long long unpredicted = 0;  ///< measured, but no law is for them
  double median_ape_percent = 0.0;
  double mean_ape_percent = 0.0;
  double p90_ape_percent = 0.0;
  std::string reason = {};  ///< why rows are unpredicted
};

/// A measurement beside its prediction, in seconds.
struct PredictedRow {
  double measured = 0.0;
  double predicted = 0.0;
  Region region = Region::Latency;
};

/// The rows of one kernel family, for plots.
struct PredictedFamily {
  FamilyLabel label;
  std::vector<PredictedRow> rows;
};

struct Accuracy {
  std::vector<AccuracyGroup> groups;  ///< by op, dtype, kernel, region; "all" before the others
  std::vector<PredictedFamily> families;
};

/// Predicts every row under the benchmark's own conditions: warm caches, each kernel alone in its
/// graph. Absolute percentage errors are of the measured time.
Accuracy accuracy_of(const MeasuredRows& rows, const FittedLaws& laws);

}  // namespace helixsim
