#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>
#include <memory>
#include <set>

#include "hw_models/laws/law_file.hpp"
#include "hw_models/system.hpp"
#include "sim/calibration/record_file.hpp"
#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "sim/decode/request.hpp"
#include "sim/llm/hugging_face.hpp"
#include "sim/llm/model_file.hpp"
#include "sim/llm/precision_file.hpp"
#include "sim/report/report_data.hpp"
#include "sim/sweep/scenario.hpp"
#include "sim/sweep/search_space.hpp"
#include "sim/sweep/validation.hpp"
#include "sim/units/format.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim check scenarios/helix_paper.json hw_models/systems/gb200_nvl72.json)";

void check_model(const Node& file, const Catalog&) {
  (void)read_model(file);
}
void check_system(const Node& file, const Catalog& catalog) {
  const System system = read_system(file);
  if (!system.laws_file.empty()) (void)read_system_laws(system);
  for (const std::string& fidelity : system.fidelities) {
    const Node node = system.document.object("fidelities").object(fidelity);
    if (!node.has("precision")) continue;
    (void)read_precision_plan(
        catalog.read("configs/precision", node.text("precision"), node.at("precision").place()));
  }
}
void check_laws(const Node& file, const Catalog&) {
  (void)read_laws(file, {});
}
void check_precision(const Node& file, const Catalog&) {
  (void)read_precision_plan(file);
}
void check_space(const Node& file, const Catalog&) {
  (void)read_search_space(file);
}
void check_scenario(const Node& file, const Catalog& catalog) {
  (void)read_scenario(file, catalog, {});
}
void check_validation(const Node& file, const Catalog& catalog) {
  (void)read_validation(file, catalog, {});
}
void check_report(const Node& file, const Catalog&) {
  (void)read_report_data(file);
}

void check_point(const Node& file, const Catalog& catalog) {
  file.allow_only(point_file_keys());
  SetupRequest request;
  read_setup_keys(file, catalog, request);
  (void)read_point(file, make_setup(request, catalog, {}));
}

struct FormatEntry {
  std::string_view name;
  std::string_view what;
  void (*check)(const Node& file, const Catalog& catalog);
};

constexpr FormatEntry kFormats[] = {
    {"helixsim/model/1", "model", check_model},
    {"helixsim/system/1", "system", check_system},
    {"helixsim/laws/1", "fitted laws", check_laws},
    {"helixsim/precision/1", "precision preset", check_precision},
    {"helixsim/search_space/1", "search space", check_space},
    {"helixsim/scenario/1", "scenario", check_scenario},
    {"helixsim/validation/1", "published steps", check_validation},
    {"helixsim/point/1", "point", check_point},
    {"helixsim/report/1", "report", check_report},
};

/// Records of calibration, which are lines and not one JSON document.
std::string check_records(const std::string& path) {
  const RecordList list = read_records(path);
  if (!list.torn.empty()) tell("warning: {}: the last line is cut off\n", path);
  std::set<std::string> gpus;
  for (const MeasuredRecord& record : list.records) gpus.insert(record.gpu.name);
  return fmt::format("{} records{}{}", format_count(std::ssize(list.records)),
                     gpus.empty() ? "" : " of ", fmt::join(gpus, ", "));
}

/// What the file is, once it has been found right.
std::string check_file(const std::string& path, const Catalog& catalog,
                       const std::vector<Override>& changes) {
  if (path.ends_with(".jsonl")) return check_records(path);
  const Node file = with_overrides(catalog.read("scenarios", path, "FILE"), changes);
  if (is_hugging_face_config(file)) {
    (void)read_model(file);
    return "Hugging Face config";
  }
  const auto formats = std::span<const FormatEntry>(kFormats);
  std::vector<std::string> names;
  for (const FormatEntry& row : formats) names.emplace_back(row.name);
  const FormatEntry& row = formats[file.choice("format", names)];
  row.check(file, catalog);
  return std::string(row.what);
}

int run(const std::vector<std::string>& files, const CommonOptions& common) {
  const Catalog catalog = Catalog::find();
  const std::vector<Override> changes = common.overrides();
  int status = kDone;
  for (const std::string& path : files) {
    try {
      fmt::print("{}: right ({})\n", path, check_file(path, catalog, changes));
    } catch (const ConfigError& error) {
      tell("helixsim: {}\n", error.what());
      status = kWrongInput;
    }
  }
  return status;
}

}  // namespace

void add_check(CLI::App& program, int& status) {
  struct Options {
    CommonOptions common;
    std::vector<std::string> files;
  };
  auto options = std::make_shared<Options>();
  CLI::App& app =
      *program.add_subcommand("check", "Is a file right, and if not, what is wrong where");
  app.footer(kExample);
  app.add_option("files", options->files, "Files to check")->required()->type_name("FILE");
  add_set(app, options->common);
  app.callback([options, &status] { status = run(options->files, options->common); });
}

}  // namespace helixsim
