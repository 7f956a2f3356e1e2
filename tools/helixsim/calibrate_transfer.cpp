#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <utility>

#include "sim/calibration/anchor_laws.hpp"
#include "sim/calibration/datasets/records.hpp"
#include "sim/calibration/transfer.hpp"
#include "sim/config/config_error.hpp"
#include "sim/report/calibration_report.hpp"
#include "sim/report/transfer_table.hpp"
#include "tools/helixsim/calibration_inputs.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/fitted_system.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Examples:
  helixsim calibrate transfer --from h200_hgx8 --system my_data_sheet.json \
                              --out my_gpu.json
  helixsim calibrate anchor --out my_gpu.jsonl
  helixsim calibrate transfer --from h200_own.json --system gb200_nvl72 \
                              --records my_gpu.jsonl --out my_gb200.json
Rates change as the data sheets do, all else stays, and intervals are wider:
each parameter is known to 5, 15 or 50 %. With records the laws of the kernels
in them are refitted from there on; how far they then err is judged by records
that the refit did not see. Laws that --system has of its own GPU stay.)";

struct TransferOptions {
  CommonOptions common;
  std::string from;
  std::string system;
  std::vector<std::string> records;
  std::string out;
};

/// Adds the laws that were fitted to the GPU itself, which are better than what was moved to it;
/// the software that they were measured with.
std::string keep_own_laws(const System& system, FittedLaws& laws) {
  if (system.laws_file.empty()) return {};
  const FittedLaws own = read_system_laws(system);
  bool any = false;
  for_each_law([&]<class Law>() {
    for (const auto& [name, law] : of_law<Law, FittedLaw>(own.laws)) {
      if (!law.transferred_from.empty()) continue;
      of_law<Law, FittedLaw>(laws.laws)[name] = law;
      any = true;
    }
  });
  return any ? own.software : "";
}

/// Errors: ConfigError where writing would replace what is moved.
void check_apart(const System& from, const FittedSystemPath& path) {
  std::error_code error;
  if (std::filesystem::equivalent(from.document.file(), path.system, error) ||
      std::filesystem::equivalent(from.laws_file, path.laws(), error))
    throw ConfigError("--out: " + path.system.string() +
                      " is the system that laws are moved from; its own would be lost");
}

int transfer(const TransferOptions& options) {
  const OutputFormat format = options.common.output_format();
  const System from = system_named(options.from, "--from");
  const System to = system_named(options.system, "--system");
  if (from.laws_file.empty())
    throw ConfigError("--from: " + options.from + " has no laws; calibrate fit writes some");
  const std::vector<MeasuredRecord> records = read_all_records(options.records);
  const MeasuredRows rows = records.empty() ? MeasuredRows{} : rows_of_records(records, to);
  if (!records.empty() && family_count(rows) == 0)
    throw ConfigError("--records: no record that a law could be fitted to");
  if (!records.empty()) tell_of_other_width(records, to);
  FittedLaws laws = kernels_transferred(read_system_laws(from), to);
  const FittedSystemPath path = fitted_system_path(to, options.out);
  check_apart(from, path);

  const std::string moved_software = laws.software;
  const std::string own_software = keep_own_laws(to, laws);
  AnchoredLaws moved = anchored(std::move(laws), rows);
  std::string& software = moved.laws.software;
  software = "moved from " + from.name + ": " + moved_software;
  if (!moved.families.empty()) software += "; refitted to " + measured_on(records);
  if (!own_software.empty()) software += "; own: " + own_software;
  write_fitted_system(to, moved.laws, records, path);
  switch (format) {
    case OutputFormat::Json:
      fmt::print("{}", transfer_json(moved));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", transfer_csv(moved));
      break;
    case OutputFormat::Table:
      fmt::print("{}\nwritten to {} and {}\n", transfer_table(moved), path.system.string(),
                 path.laws().string());
      break;
  }
  return kDone;
}

}  // namespace

void add_calibrate_transfer(CLI::App& calibrate, int& status) {
  const auto options = std::make_shared<TransferOptions>();
  CLI::App& app =
      *calibrate.add_subcommand("transfer", "Laws of one GPU for another, by data sheet");
  app.footer(kExample);
  app.add_option("--from", options->from, "System whose laws are moved")->required();
  app.add_option("--system", options->system, "System whose data sheet they are moved to")
      ->required();
  app.add_option("--records", options->records,
                 "Records of calibrate anchor or run on that GPU (repeatable)")
      ->type_name("FILE");
  app.add_option("--out", options->out, "System file to write")->required()->type_name("FILE");
  add_format(app, options->common);
  app.callback([options, &status] { status = transfer(*options); });
}

}  // namespace helixsim
