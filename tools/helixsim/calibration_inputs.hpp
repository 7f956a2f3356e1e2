#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hw_models/system.hpp"
#include "sim/calibration/fit_study.hpp"
#include "sim/calibration/measured_rows.hpp"
#include "sim/calibration/record.hpp"
#include "tools/helixsim/common.hpp"

namespace CLI {
class App;
}

namespace helixsim {

/// What a fit is made from, as typed.
struct CalibrationOptions {
  std::string measurements;
  std::vector<std::string> records;
  std::string system;
};

/// --measurements, --records and --system.
void add_calibration_inputs(CLI::App& app, CalibrationOptions& options);

/// The measurements of a system: of tables, or of records.
struct CalibrationInputs {
  System system;
  std::vector<MeasuredRecord> records;  ///< empty where tables are read
  MeasuredRows rows;
};

/// Errors: ConfigError; unless one of --measurements and --records is given, `command` says so.
CalibrationInputs read_calibration_inputs(const CalibrationOptions& options,
                                          const std::string& command);

/// By its name or its file, which `flag` gave. Errors: ConfigError.
System system_named(const std::string& name, const char* flag);

bool has_fidelity(const System& system, std::string_view name);

/// Records of all files; a line that is cut off is told of and left out. Errors: ConfigError; also
/// for records of two kinds of GPU, of which no law would hold.
std::vector<MeasuredRecord> read_all_records(const std::vector<std::string>& files);

/// Warns of records of a GPU that is wider or narrower than the system's: attention is planned over
/// its multiprocessors.
void tell_of_other_width(const std::vector<MeasuredRecord>& records, const System& system);

/// Every family fitted, with a progress line; where they are `judged`, also what each fit knows of
/// rows and parameters, which takes longer.
SystemStudy study_of(const CalibrationInputs& inputs, const CommonOptions& common, bool judged);

long long family_count(const MeasuredRows& rows);

}  // namespace helixsim
