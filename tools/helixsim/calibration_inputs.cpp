#include "tools/helixsim/calibration_inputs.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sim/calibration/datasets/records.hpp"
#include "sim/calibration/datasets/registry.hpp"
#include "sim/calibration/fit_system.hpp"
#include "sim/calibration/record_file.hpp"
#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "tools/helixsim/progress.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

std::string kind_of(const GpuFacts& gpu) {
  return fmt::format("{} ({} multiprocessors, sm {})", gpu.name, gpu.sms, gpu.sm);
}

/// Several GPUs of a kind are one GPU to a law.
void check_kind(const MeasuredRecord& record, const MeasuredRecord& first,
                const std::string& file) {
  const std::string kind = kind_of(record.gpu);
  const std::string of_first = kind_of(first.gpu);
  if (kind != of_first)
    throw ConfigError(fmt::format(
        "--records: {}: expected records of one kind of GPU, got {} beside {}; each needs a fit "
        "of its own",
        file, kind, of_first));
}

/// Why there is nothing to fit.
std::string nothing_to_fit(const CalibrationInputs& inputs, bool of_records) {
  std::string text = of_records ? fmt::format(
                                      "--records: none of {} records is one that a law "
                                      "could be fitted to",
                                      inputs.records.size())
                                : "--measurements: no row that a law could be fitted to";
  for (const UnpredictedRows& none : inputs.rows.unpredicted)
    text += fmt::format("; {} of {}: {}", none.rows, none.label.op, none.reason);
  return text;
}

}  // namespace

void tell_of_other_width(const std::vector<MeasuredRecord>& records, const System& system) {
  const int sms = records.front().gpu.sms;
  if (sms == system.gpu.multiprocessors) return;
  tell(
      "warning: {} was measured, and {} has {} multiprocessors: attention is fitted only where "
      "both split it alike; a system file with gpu.compute.multiprocessors {} has all\n",
      kind_of(records.front().gpu), system.name, system.gpu.multiprocessors, sms);
}

System system_named(const std::string& name, const char* flag) {
  return read_system(Catalog::find().read("hw_models/systems", name, flag));
}

bool has_fidelity(const System& system, std::string_view name) {
  return std::find(system.fidelities.begin(), system.fidelities.end(), name) !=
         system.fidelities.end();
}

std::vector<MeasuredRecord> read_all_records(const std::vector<std::string>& files) {
  std::vector<MeasuredRecord> all;
  for (const std::string& file : files) {
    RecordList list = read_records(file);
    if (!list.torn.empty()) tell("warning: {}: the last line is cut off and left out\n", file);
    for (MeasuredRecord& record : list.records) {
      all.push_back(std::move(record));
      check_kind(all.back(), all.front(), file);
    }
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
      .system = system_named(options.system, "--system"), .records = {}, .rows = {}};
  if (options.measurements.empty() == options.records.empty())
    throw ConfigError(command + ": expected one of --measurements and --records");
  inputs.records = read_all_records(options.records);
  const bool of_records = !options.records.empty();
  inputs.rows = of_records ? rows_of_records(inputs.records, inputs.system)
                           : read_measurements(options.measurements, inputs.system);
  leave_out_single_rows(inputs.rows);
  if (family_count(inputs.rows) == 0) throw ConfigError(nothing_to_fit(inputs, of_records));
  if (of_records) tell_of_other_width(inputs.records, inputs.system);
  return inputs;
}

SystemStudy study_of(const CalibrationInputs& inputs, const CommonOptions& common, bool judged) {
  Progress progress("fitting kernel families", "families");
  const long long total = family_count(inputs.rows);
  long long fitted = 0;
  const auto threads = static_cast<int>(common.thread_count());
  const auto count = [&](const std::string&) { progress.update(++fitted, total); };
  if (judged) return study_system(inputs.rows, inputs.system, threads, count);
  SystemStudy study;
  study.laws = fit_system(inputs.rows, inputs.system, threads, count);
  study.unpredicted = inputs.rows.unpredicted;
  return study;
}

long long family_count(const MeasuredRows& rows) {
  return std::apply([](const auto&... of) { return (0LL + ... + std::ssize(of)); }, rows.families);
}

}  // namespace helixsim
