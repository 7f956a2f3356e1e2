#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hw_models/laws/fitted_laws.hpp"
#include "sim/calibration/record.hpp"

namespace helixsim {

/// A kernel of a rank's layer, and what its law says.
struct LayerPart {
  std::string kernel;
  std::string family;  ///< whose law it is; of a copy, which was measured alone: empty
  double seconds = 0.0;
};

/// A whole layer of a rank, or attention in chunks beside copies: measured, and predicted from laws
/// of its kernels, none of which was fitted to it.
struct LayerPrediction {
  CellKey key;
  double measured = 0.0;             ///< s
  std::optional<double> predicted;   ///< s; empty where a law is missing
  std::vector<LayerPart> parts;      ///< in the order of launches
  std::vector<std::string> missing;  ///< families without a law, kernels without a record
};

/// Seconds between two kernels of a graph, of which each record contains one.
struct LaunchGaps {
  double serial = 0.0;
  double programmatic = 0.0;  ///< the later one may begin before the earlier one ends

  [[nodiscard]] bool both() const { return serial > 0.0 && programmatic > 0.0; }
};
/// Of the launch chains of one block without shared memory; 0 for what was not measured.
LaunchGaps launch_gaps_of(std::span<const MeasuredRecord> records);

/// Every "rank_layer" record whose collectives are left out, by the sum of its kernels:
///
///     t = sum of kernels, each with the gap of one launch, less what overlapped launches save
///
/// (nothing where the gaps were not measured: "launch_chain" is then missing)
/// and every "hop_b" record by its chunks of attention and copies, one stream each:
///
///     copy i begins when chunk i and copy i - 1 have ended; t = end of the last one
///       = chunk + (chunks - 1) max(chunk, copy) + copy
///
/// Copies are those measured alone ("throttled_copy"). Interference of attention and copy is left
/// out. Layouts stand in order, whatever order records are in. Source: Helix, section 2.4.
std::vector<LayerPrediction> predict_layers(std::span<const MeasuredRecord> records,
                                            const FittedLaws& laws);

}  // namespace helixsim
