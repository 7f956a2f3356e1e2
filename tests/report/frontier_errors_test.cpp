#include "sim/report/frontier_errors.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/report/frontier_table.hpp"
#include "sim/report/pareto_csv.hpp"
#include "sim/report/report_build.hpp"
#include "sim/report/svg.hpp"
#include "tests/report/report_case.hpp"
#include "tests/sweep/study_case.hpp"

using namespace helixsim;

namespace {

/// A result whose TTL, in ms, errs by `gemm`, and by 0.1 with all others.
PointResult result_of(double ttl_ms, double gemm) {
  PointResult result;
  result.ttl = to_sim_time(Seconds(1e-3 * ttl_ms));
  result.error = TtlError{{{.family = "gemm", .share = 1.0, .log_sd = gemm},
                           {.family = "composition", .share = 1.0, .log_sd = 0.1}}};
  return result;
}

const ReportData& measured_report() {
  static const ReportData kReport = [] {
    const char* const space = R"({
      "format": "helixsim/search_space/1", "contexts": ["1M"], "gpus": [8, 64],
      "strategies": {"tp": {}, "helix": {}}, "batch": [1, 2, 4, "..", 64], "hop_b": ["best"]})";
    Scenario scenario;
    scenario.title = "Measured";
    scenario.studies.push_back(study_of("deepseek-r1", space, {"tp"}, "measured"));
    const Study& study = scenario.studies.front();
    std::vector<StudyResult> results{
        {.study = &study, .search = run_search(study.space, study.setup, {})}};
    return build_report(scenario, results, {}, {.tool = "helixsim test"});
  }();
  return kReport;
}

}  // namespace

TEST_CASE("neighbours nearer than the error of their ratio may change places", "[report][error]") {
  const PointResult fast = result_of(10.0, 0.02);
  const PointResult near = result_of(10.4, 0.06);   // ratio errs by 0.04, 1.645 of it is 6.8 %
  const PointResult alike = result_of(10.9, 0.06);  // errs as the one before: order is sure
  const PointResult* const results[] = {&fast, &near, &alike};
  const FrontierErrors errors = frontier_errors(results, results);
  CHECK(errors.unsure == std::vector<int>{0, 1});
  CHECK(errors.is_unsure(1));
  CHECK_FALSE(errors.is_unsure(2));
  REQUIRE(errors.log_sd.size() == 3);
  CHECK(errors.log_sd[0] == Approx(std::hypot(0.02, 0.1)).margin(6e-4));
  CHECK(errors.fast_ratio_log_sd == 0.0);
}

TEST_CASE("a report of a measured study tells intervals in tables, CSV and figure, and keeps them",
          "[report][error]") {
  const ReportData& data = measured_report();
  const ReportView& view = data.views.front();
  const FrontierErrors* helix = view.errors_of("helix");
  REQUIRE(helix != nullptr);
  CHECK(helix->log_sd.size() == view.frontier("helix")->size());
  for (const double log_sd : helix->log_sd) {
    CHECK(log_sd > 0.05);
    CHECK(log_sd < 1.0);
  }
  CHECK(*helix->fast_ratio_log_sd > 0.0);
  CHECK(frontier_tables(data).find("+-: of the TTL, with 90 % probability") != std::string::npos);
  CHECK(pareto_svg(data, 1e6).find("stroke-opacity") != std::string::npos);
  CHECK(frontiers_csv(data).find("sure\n") != std::string::npos);
  const std::string text = to_json(data);
  CHECK(to_json(read_report_data(parse_json(text, "report.json"))) == text);
}

TEST_CASE("a report of a calibrated fidelity has no intervals", "[report][error]") {
  const ReportData data = small_run().report(0);
  CHECK(data.views.front().errors.empty());
  CHECK(frontier_tables(data).find("+-") == std::string::npos);
  CHECK(pareto_svg(data, 1e6).find("stroke-opacity") == std::string::npos);
}

TEST_CASE("errors of a report that do not fit its frontiers are refused", "[report][error]") {
  ReportData data = measured_report();
  const auto message = [&] {
    try {
      (void)read_report_data(parse_json(to_json(data), "report.json"));
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  data.views[0].errors["helix"].log_sd.push_back(0.1);
  CHECK(message().find("/frontier_error/helix/log_sd: expected one for each") != std::string::npos);
  data = measured_report();
  data.views[0].errors["helix"].unsure = {1'000'000};
  CHECK(message().find("/frontier_error/helix/unsure/0: 1000000 is outside") != std::string::npos);
  data = measured_report();
  data.views[0].errors["helix"].unsure = {2, 1};
  CHECK(message().find("/frontier_error/helix/unsure: expected places that rise") !=
        std::string::npos);
  data = measured_report();
  data.views[0].errors["helx"] = {};
  CHECK(message().find("/frontier_error/helx: is no frontier") != std::string::npos);
}
