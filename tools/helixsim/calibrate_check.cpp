#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "hw_models/hardware.hpp"
#include "sim/calibration/datasets/registry.hpp"
#include "sim/calibration/structural_checks.hpp"
#include "sim/calibration/transfer.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/report/structural_table.hpp"
#include "tools/helixsim/calibration_inputs.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/progress.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim calibrate check --measurements measurements --system gb200_nvl72
Fits again without what is then predicted: GEMMs of unseen (n, k), contexts
beyond 65,536 tokens, batches beyond 64. With --transfer-to, the laws of the
system, with another one's data sheet, against that one's measurements; with
--anchors, also after a refit to a few of them (calibrate transfer).)";

struct CheckOptions {
  CommonOptions common;
  std::string measurements;
  std::string system;
  std::string only;
  std::vector<std::string> transfer_to;
  std::size_t anchors = 0;
};

void check_op(const std::string& op) {
  const std::vector<std::string> checked = {"gemm", "generation_attention", "generation_mla",
                                            "moe"};
  if (op.empty() || std::find(checked.begin(), checked.end(), op) != checked.end()) return;
  throw ConfigError("--only: no structural check is of \"" + op + "\"" + suggestion(op, checked));
}

/// What a prediction of the system is widened by; none where it has no such fidelity.
std::optional<ErrorRules> measured_rules(const System& system) {
  if (!has_fidelity(system, "measured")) return std::nullopt;
  return Hardware(system, "measured", "auto").error_rules();
}

int check(const CheckOptions& options) {
  check_op(options.only);
  if (options.anchors > 0 && options.transfer_to.empty())
    throw ConfigError("--anchors: needs --transfer-to, a system that was measured");
  const OutputFormat format = options.common.output_format();
  const System system = system_named(options.system, "--system");
  std::vector<System> others;
  for (const std::string& name : options.transfer_to) {
    others.push_back(system_named(name, "--transfer-to"));
  }
  std::vector<StructuralCheck> checks;
  {
    Progress progress("fitting parts of the measurements");
    checks = structural_checks(
        read_measurements(options.measurements, system),
        {.only = options.only,
         .threads = static_cast<int>(options.common.thread_count()),
         .progress = [&](long long done, long long total) { progress.update(done, total); }});
  }
  for (const System& other : others) {
    const FittedLaws moved = kernels_transferred(read_system_laws(system), other);
    const MeasuredRows rows = read_measurements(options.measurements, other);
    Progress progress("judging moved laws", "families");
    TransferCheckOptions transfer{
        .only = options.only,
        .rules = measured_rules(other),
        .threads = static_cast<int>(options.common.thread_count()),
        .progress = [&](long long done, long long total) { progress.update(done, total); }};
    for (const std::size_t anchors : std::set<std::size_t>{0, options.anchors}) {
      transfer.anchors = anchors;
      for (StructuralCheck& one : transfer_checks(moved, rows, transfer)) {
        checks.push_back(std::move(one));
      }
    }
  }
  switch (format) {
    case OutputFormat::Json:
      fmt::print("{}", structural_json(system.name, checks));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", structural_csv(checks));
      break;
    case OutputFormat::Table:
      fmt::print("{}, measurements that no fit saw\n\n{}", system.title, structural_table(checks));
      break;
  }
  return kDone;
}

}  // namespace

void add_calibrate_check(CLI::App& calibrate, int& status) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App& app =
      *calibrate.add_subcommand("check", "Judge laws on what lies apart from their fit");
  app.footer(kExample);
  app.add_option("--measurements", options->measurements,
                 "Folder that holds SYSTEM/OP.csv; the system file names its folder")
      ->required()
      ->type_name("DIR");
  app.add_option("--system", options->system, "System whose measurements are fitted")->required();
  app.add_option("--only", options->only,
                 "gemm, generation_attention, generation_mla or moe (default: all)")
      ->type_name("OP");
  app.add_option("--transfer-to", options->transfer_to,
                 "Judge the laws also on this system, with its data sheet; repeatable")
      ->type_name("SYSTEM")
      ->allow_extra_args(false);
  app.add_option("--anchors", options->anchors,
                 "Judge them also after a refit to this many measurements of each kernel family "
                 "there; needs --transfer-to")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000));
  add_format(app, options->common);
  add_threads(app, options->common);
  app.callback([options, &status] { status = check(*options); });
}

}  // namespace helixsim
