#include "tools/helixsim/run_scenario.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/report/claims_table.hpp"
#include "sim/report/frontier_table.hpp"
#include "sim/report/html.hpp"
#include "sim/report/output_folder.hpp"
#include "sim/report/pareto_csv.hpp"
#include "sim/report/points.hpp"
#include "sim/report/report_build.hpp"
#include "sim/report/svg.hpp"
#include "tools/helixsim/progress.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

/// The stream of all points to a file of the folder; null when it was not asked for.
std::optional<PointStream> point_stream(const RunOptions& options, const OutputFolder* folder,
                                        const std::string& model) {
  if (options.points.empty()) return std::nullopt;
  const std::vector<std::string> names{"csv", "jsonl"};
  if (options.points != names[0] && options.points != names[1]) {
    throw ConfigError("--points: unknown format \"" + options.points + "\"" +
                      suggestion(options.points, names));
  }
  if (folder == nullptr) throw ConfigError("--points: needs --out DIR");
  const bool csv = options.points == "csv";
  const std::string file = "points." + options.points;
  return PointStream{
      .format =
          [csv, model](const Point& point, const PointResult& result, std::string& out) {
            csv ? add_point_csv(model, point, result, out)
                : add_point_jsonl(model, point, result, out);
          },
      .write = [folder, file](std::string_view text) { folder->append(file, text); }};
}

StudyResult run_study(const Study& study, const RunOptions& options,
                      const std::optional<PointStream>& stream, const std::string& what) {
  Progress progress(what);
  SearchOptions search{
      .threads = options.common.thread_count(),
      .stream = stream ? &*stream : nullptr,
      .progress = [&](long long done, long long total) { progress.update(done, total); },
      .stop = &interrupted(),
      .prune = options.prune};
  return {.study = &study, .search = run_search(study.space, study.setup, search)};
}

/// Claims in file order, each on the study of its model and option.
std::vector<ClaimResult> evaluate_claims(const Scenario& scenario,
                                         const std::vector<StudyResult>& results,
                                         const std::vector<StudyResult>& overlapped) {
  std::vector<ClaimResult> claims;
  for (const Claim& claim : scenario.claims) {
    for (const StudyResult& result : claim.overlap_all_reduce ? overlapped : results) {
      if (result.study->request.model == claim.model) {
        claims.push_back(evaluate_claim(claim, result));
        break;
      }
    }
  }
  return claims;
}

void write_folder(OutputFolder& folder, const ReportData& report,
                  const std::vector<StudyResult>& results) {
  folder.write("pareto.csv", pareto_csv(results));
  const std::string json = to_json(report);
  folder.write("report.json", json);
  folder.write("pareto.svg", pareto_svg(report, figure_context(report)));
  folder.write("summary.txt",
               counts_sentence(report.counts) + "\n\n" +
                   (report.claims.empty() ? "" : claims_table(report.claims) + "\n") +
                   frontier_tables(report));
  if (const auto page = report_html(report, json)) {
    folder.write("report.html", *page);
  } else {
    tell(
        "warning: built without the chart library (npm ci in tools/web), so report.html is "
        "not written\n");
  }
  folder.commit();
}

}  // namespace

void add_run_options(CLI::App& app, RunOptions& options) {
  app.add_option("--points", options.points,
                 "Also write every simulated and infeasible point: csv or jsonl");
  app.add_flag("--overwrite", options.overwrite, "Replace an earlier result folder");
  app.add_option("--sample", options.sample, "Most points that the report draws")
      ->check(CLI::Range(0LL, 10'000'000LL))
      ->capture_default_str();
  add_format(app, options.common);
  add_set(app, options.common, true);
  add_threads(app, options.common);
  add_seed(app, options.common);
}

void seed_draws(Scenario& scenario, const RunOptions& options) {
  if (!options.common.seed) return;
  for (Study& study : scenario.studies) {
    study.request.rack.seed = *options.common.seed;
    study.setup.rack.seed = *options.common.seed;
  }
}

ScenarioRun run_scenario(const Scenario& scenario, const RunOptions& options, bool with_claims) {
  catch_interrupts();
  std::optional<OutputFolder> folder;
  if (!options.out.empty()) folder.emplace(options.out, options.overwrite);
  ScenarioRun run;
  std::vector<StudyResult> results;
  for (const Study& study : scenario.studies) {
    const auto stream = point_stream(options, folder ? &*folder : nullptr, study.setup.model.name);
    if (stream && results.empty() && options.points == "csv")
      folder->append("points.csv", points_csv_head());
    results.push_back(run_study(study, options, stream, study.request.model));
    run.counts += results.back().search.counts();
  }
  const std::vector<Study> overlapped_specs =
      with_claims ? overlapped_studies(scenario) : std::vector<Study>{};
  std::vector<StudyResult> overlapped;
  for (const Study& study : overlapped_specs) {
    overlapped.push_back(
        run_study(study, options, std::nullopt, study.request.model + ", all-reduces overlapped"));
  }
  run.interrupted = interrupted();
  if (run.interrupted) return run;

  std::vector<ClaimResult> claims;
  if (with_claims) claims = evaluate_claims(scenario, results, overlapped);
  for (const ClaimResult& claim : claims)
    run.claims_hold = run.claims_hold && claim.verdict != Verdict::Fail;
  run.report = build_report(scenario, results, claims,
                            {.tool = "helixsim " HELIXSIM_VERSION,
                             .most_points = static_cast<std::size_t>(options.sample),
                             .seed = options.common.seed.value_or(1),
                             .threads = options.common.thread_count()});
  if (folder) write_folder(*folder, run.report, results);
  return run;
}

void print_where(const RunOptions& options) {
  if (options.out.empty()) return;
  const std::filesystem::path out(options.out);
  fmt::print("written to {}: pareto.csv, pareto.svg, report.json, summary.txt", out.string());
  if (!options.points.empty()) fmt::print(", points.{}", options.points);
  fmt::print("\n");
  if (std::filesystem::exists(out / "report.html"))
    fmt::print("report: {}\n", (out / "report.html").string());
}

}  // namespace helixsim
