#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/report/frontier_table.hpp"
#include "sim/report/html.hpp"
#include "sim/report/output_folder.hpp"
#include "sim/report/pareto_csv.hpp"
#include "sim/report/svg.hpp"
#include "sim/sweep/search_space.hpp"
#include "sim/units/parse.hpp"
#include "tools/helixsim/common.hpp"

namespace helixsim {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExample = R"(Example:
  helixsim sweep configs/sweeps/smoke.json --model llama-3.1-405b \
                 --out results/smoke --overwrite
  helixsim pareto results/smoke --out results/again --overwrite
Several folders are overlaid in one report, each named after its folder.)";

struct Options {
  CommonOptions common;
  std::vector<std::string> folders;
  std::string out;
  std::string context;
  bool overwrite = false;
};

std::vector<std::pair<std::string, ReportData>> read_runs(const std::vector<std::string>& folders,
                                                          const std::vector<Override>& changes) {
  std::vector<std::pair<std::string, ReportData>> runs;
  for (const std::string& folder : folders) {
    fs::path place = fs::path(folder);
    if (!place.has_filename()) place = place.parent_path();
    std::string name = place.filename().string();
    const auto taken = [&] {
      return std::any_of(runs.begin(), runs.end(),
                         [&](const auto& run) { return run.first == name; });
    };
    const std::string plain = name;
    for (int number = 2; taken(); ++number) name = fmt::format("{} ({})", plain, number);
    runs.emplace_back(
        name, read_report_data(with_overrides(read_json_file(place / "report.json"), changes)));
  }
  return runs;
}

double chosen_context(const Options& options, const ReportData& data) {
  if (options.context.empty()) return figure_context(data);
  const auto tokens = parse_tokens(options.context);
  if (!tokens)
    throw ConfigError("--context: expected a count of tokens, such as 1M, got \"" +
                      options.context + "\"");
  for (const ReportView& view : data.views) {
    if (view.context == *tokens) return *tokens;
  }
  throw ConfigError("--context: " + options.context + " is not in these results");
}

int run(const Options& options) {
  const OutputFormat format = options.common.output_format();
  const ReportData data = overlay(read_runs(options.folders, options.common.overrides()));
  const double context = chosen_context(options, data);
  if (!options.out.empty()) {
    OutputFolder folder(options.out, options.overwrite);
    folder.write("frontiers.csv", frontiers_csv(data));
    folder.write("report.json", to_json(data));
    folder.write("pareto.svg", pareto_svg(data, context));
    folder.write("summary.txt", counts_sentence(data.counts) + "\n\n" + frontier_tables(data));
    if (const auto page = report_html(data)) folder.write("report.html", *page);
    folder.commit();
  }
  switch (format) {
    case OutputFormat::Json:
      fmt::print("{}", to_json(data));
      break;
    case OutputFormat::Csv:
      fmt::print("{}", frontiers_csv(data));
      break;
    case OutputFormat::Table:
      fmt::print("{}{}\n", frontier_tables(data), counts_sentence(data.counts));
      if (!options.out.empty()) fmt::print("written to {}\n", options.out);
      break;
  }
  return kDone;
}

}  // namespace

void add_pareto(CLI::App& program, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App& app = *program.add_subcommand("pareto", "Report and plots again, from stored results");
  app.footer(kExample);
  app.add_option("folders", options->folders, "Result folders of sweep or reproduce")
      ->required()
      ->type_name("DIR");
  app.add_option("--out", options->out, "Folder for the new report")->type_name("DIR");
  app.add_option("--context", options->context,
                 "Context of pareto.svg (default: 1M, else the longest)");
  app.add_flag("--overwrite", options->overwrite, "Replace an earlier result folder");
  add_format(app, options->common);
  add_set(app, options->common);
  app.callback([options, &status] { status = run(*options); });
}

}  // namespace helixsim
