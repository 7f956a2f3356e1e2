#include "tools/helixsim/calibration_inputs.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>

#include "sim/calibration/datasets/records.hpp"
#include "sim/calibration/datasets/registry.hpp"
#include "sim/calibration/record_file.hpp"
#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

/// Why no law can be fitted to any of the records.
std::string nothing_to_fit(const MeasuredRows& rows) {
  std::string text = "no record that a law could be fitted to";
  for (const UnpredictedRows& none : rows.unpredicted) {
    text += fmt::format("{} {} of {}: {}", &none == &rows.unpredicted.front() ? ";" : ",",
                        none.rows, none.label.op, none.reason);
  }
  return text;
}

}  // namespace

std::vector<MeasuredRecord> read_all_records(const std::vector<std::string>& files) {
  std::vector<MeasuredRecord> all;
  for (const std::string& file : files) {
    RecordList list = read_records(file);
    if (!list.torn.empty()) tell("warning: {}: the last line is cut off and left out\n", file);
    all.insert(all.end(), std::make_move_iterator(list.records.begin()),
               std::make_move_iterator(list.records.end()));
  }
  if (all.empty() && !files.empty())
    throw ConfigError(fmt::format("--records: no record in {}", fmt::join(files, ", ")));
  return all;
}

void add_calibration_inputs(CLI::App& app, CalibrationOptions& options) {
  app.add_option("--measurements", options.measurements,
                 "Folder that holds SYSTEM/OP.csv; the system file names its folder")
      ->type_name("DIR");
  app.add_option("--records", options.records,
                 "Records of calibrate run, in place of tables (repeatable)")
      ->type_name("FILE");
  app.add_option("--system", options.system, "System whose data sheet the fit starts from")
      ->required();
}

CalibrationInputs read_calibration_inputs(const CalibrationOptions& options,
                                          const std::string& command) {
  CalibrationInputs inputs{
      .system = read_system(Catalog::find().read("hw_models/systems", options.system, "--system")),
      .records = {},
      .rows = {}};
  if (options.measurements.empty() == options.records.empty())
    throw ConfigError(command + ": expected one of --measurements and --records");
  inputs.records = read_all_records(options.records);
  const bool tables = options.records.empty();
  inputs.rows = tables ? read_measurements(options.measurements, inputs.system)
                       : rows_of_records(inputs.records, inputs.system);
  if (family_count(inputs.rows) == 0)
    throw ConfigError(tables ? "--measurements: no table that a law could be fitted to"
                             : "--records: " + nothing_to_fit(inputs.rows));
  return inputs;
}

long long family_count(const MeasuredRows& rows) {
  return std::apply([](const auto&... of) { return (0LL + ... + std::ssize(of)); }, rows.families);
}

}  // namespace helixsim
