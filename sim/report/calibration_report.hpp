#pragma once

#include <span>
#include <string>

#include "sim/calibration/fit_study.hpp"
#include "sim/calibration/rank_layer_prediction.hpp"
#include "sim/calibration/record.hpp"

namespace helixsim {

/// What a report of a calibration is made of. It refers to what it is given.
struct CalibrationReport {
  std::string name;  ///< of the system
  std::string title;
  const SystemStudy& study;
  HeldOutAims aims = {};
  std::span<const MeasuredRecord> records = {};  ///< empty where tables were fitted
  double data_sheet_bandwidth = 0.0;             ///< bytes/s
  /// Of the records, by the laws of the study.
  std::span<const LayerPrediction> layers = {};
};

/// GPU and software of records, each text once.
std::string measured_on(std::span<const MeasuredRecord> records);

/// Families whose rows held out miss the aims; none without aims.
std::vector<const FamilyStudy*> missed_aims(const CalibrationReport& report);

/// Flags of one parameter in words, such as "pinned", "error > 10 %" or "tied to wave (-0.99)";
/// empty for one that the measurements tell.
std::string identity_flags(const FamilyStudy& family, std::size_t parameter);

/// For a terminal: errors of rows held out by family, and parameters that are flagged.
std::string calibration_table(const CalibrationReport& report);
/// Every row held out, its shape, prediction and error.
std::string held_out_csv(const CalibrationReport& report);
/// Every parameter with its standard error, 95 % interval and flags.
std::string parameters_csv(const CalibrationReport& report);
/// Every record beside the read stream of its GPU, with the spread of its repetitions.
std::string stream_csv(const CalibrationReport& report);
/// Errors, parameters, correlations, repeatability.
std::string calibration_json(const CalibrationReport& report);

/// One self-contained page without scripts.
std::string calibration_html(const CalibrationReport& report);

}  // namespace helixsim
