#pragma once

#include <vector>

#include "sim/report/accuracy_table.hpp"
#include "sim/report/calibration_report.hpp"
#include "sim/report/output_folder.hpp"

namespace helixsim {

/// Writes accuracy.csv, accuracy.json and, where the chart library was there when the program was
/// built, validate.html with its plots; says so when it was not. Commits the folder.
void write_accuracy(OutputFolder& folder, const std::vector<ScoredSystem>& systems);

/// Writes calibration.html, held_out.csv, parameters.csv, calibration.json and, of records,
/// stream.csv and layers.csv.
void write_calibration(OutputFolder& folder, const CalibrationReport& report);

}  // namespace helixsim
