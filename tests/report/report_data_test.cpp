#include "sim/report/report_data.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/report/claims_table.hpp"
#include "sim/report/frontier_table.hpp"
#include "sim/report/html.hpp"
#include "sim/report/svg.hpp"
#include "tests/report/report_case.hpp"
#include "tests/support/random.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

ReportData read(const std::string& text) {
  return read_report_data(parse_json(text, "report.json"));
}

/// A small right document: every point is on a frontier.
const Json& document() {
  static const Json kDocument = Json::parse(to_json(small_run().report(0)));
  return kDocument;
}

ReportData read_changed(const std::string& pointer, const Json& value) {
  Json changed = document();
  changed[Json::json_pointer(pointer)] = value;
  return read(changed.dump());
}

}  // namespace

TEST_CASE("control characters, which would reach the terminal, are refused", "[report]") {
  ReportData data = small_run().report(0);
  data.title = "\x1b[31mred";
  CHECK_THROWS_WITH(read(to_json(data)),
                    Catch::Contains("/title: control characters are not allowed"));
}

TEST_CASE("a report read back and written again is the same to the byte", "[report][report_data]") {
  ReportData data = small_run().report(500);
  data.title = "</script> & \"quotes\", \xe2\x82\xac, a broken \xff byte";
  data.views[0].run = "run/1";
  const std::string first = to_json(data);
  CHECK(to_json(read(first)) == first);
}

TEST_CASE("points that were left out are told and read back, none told when none were to be",
          "[report][report_data]") {
  ReportData data = small_run().report(0);
  CHECK(to_json(data).find("pruned") == std::string::npos);
  data.counts.pruned = 7;
  data.views[0].counts.pruned = 0;
  const std::string first = to_json(data);
  const ReportData again = read(first);
  CHECK(again.counts.pruned == 7);
  CHECK(again.views[0].counts.pruned == 0);
  CHECK(to_json(again) == first);
  CHECK(overlay({{"a", again}, {"b", small_run().report(0)}}).counts.pruned == 7);
}

TEST_CASE("an empty view survives a round trip", "[report][report_data]") {
  ReportData data = small_run().report(0);
  ReportView& view = data.views[0];
  view.layouts.clear();
  view.points.clear();
  for (auto& [name, indices] : view.frontiers) indices.clear();
  view.interactivity_max.reset();
  view.throughput_max.reset();
  const std::string first = to_json(data);
  CHECK(to_json(read(first)) == first);
}

TEST_CASE("a report with a wrong value is answered with its place", "[report][report_data]") {
  const std::size_t points = document()["views"][0]["points"]["batch"].size();
  const std::string past = std::to_string(points);
  const std::string last = std::to_string(points - 1);
  const std::size_t layouts = document()["views"][0]["layouts"].size();
  struct Case {
    std::string pointer;
    Json value;
    std::string message;
  };
  const auto cases = std::vector<Case>{
      {"/format", "helixsim/report/2",
       "/format: expected \"helixsim/report/1\", got \"helixsim/report/2\""},
      {"/title", nullptr, "/title: expected a text, got null"},
      {"/views", 3, "/views: expected a list, got 3"},
      {"/views/0", "x", "expected an object"},
      {"/views/0/frontier/tp/0", points,
       "/views/0/frontier/tp/0: " + past + " is outside [0, " + last + "]"},
      {"/views/0/frontier/tp/0", -1, "/views/0/frontier/tp/0: -1 is outside [0, " + last + "]"},
      {"/views/0/frontier/tp/0", 0.5, "/views/0/frontier/tp/0: expected a whole number, got 0.5"},
      {"/views/0/frontier/tp", 0, "/views/0/frontier/tp: expected a list, got 0"},
      {"/views/0/points/layout/0", layouts,
       "/views/0/points/layout/0: " + std::to_string(layouts) + " is outside [0, " +
           std::to_string(layouts - 1) + "]"},
      {"/views/0/points/batch", Json::array({1}),
       "/views/0/points/batch: expected " + past + " values"},
      {"/views/0/points/chunks", Json(std::vector<int>(points + 1, 0)),
       "/views/0/points/chunks: expected " + past + " values"},
      {"/views/0/points/permille", Json::array(),
       "/views/0/points/permille: expected " + std::to_string(5 * points) + " values"},
      {"/views/0/points/ttl_us/0", 0,
       "/views/0/points/ttl_us/0: 0 is outside [1e-12, 1000000000000000]"},
      {"/views/0/points/requests/0", 1e300,
       "/views/0/points/requests/0: 1e+300 is outside [1, 1000000000000000]"},
      {"/views/0/points/batch/0", "1", "/views/0/points/batch/0: expected a number, got \"1\""},
      {"/views/0/points/chunks/0", -3, "/views/0/points/chunks/0: -3 is outside [0, 1000000]"},
      {"/views/0/layouts/0", Json::array({"tp", 1, 1, 1}),
       "/views/0/layouts/0: expected a strategy and seven widths"},
      {"/views/0/layouts/0/1", 0, "/views/0/layouts/0/1: 0 is outside [1, 65536]"},
      {"/views/0/context_tokens", -5, "/views/0/context_tokens: -5 is outside [1, 1000000000000]"},
      {"/views/0/counts/simulated", -1,
       "/views/0/counts/simulated: -1 is outside [0, 1000000000000000]"},
      {"/views/0/baseline/interactivity_max", 0,
       "/views/0/baseline/interactivity_max: 0 is outside"},
      {"/claims/0/band", 1, "/claims/0/band: expected a text, got 1"},
      {"/assumptions/0", Json::object(), "/assumptions/0: expected a text, got {}"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.pointer, one.value.dump());
    CHECK_THROWS_WITH(read_changed(one.pointer, one.value),
                      Catch::Contains("report.json: ") && Catch::Contains(one.message));
    CHECK_THROWS_AS(read_changed(one.pointer, one.value), ConfigError);
  }
}

TEST_CASE("a report that lacks a key is refused, whichever it is", "[report][report_data]") {
  // `categories` and the redundant counts are for the page alone, and a frontier may be left out.
  const auto optional = [](const std::string& pointer) {
    return pointer == "/categories" || pointer.find("/frontier/") != std::string::npos ||
           pointer.ends_with("counts/infeasible") || pointer.ends_with("/shown");
  };
  int removed = 0;
  for (const std::string parent :
       {"", "/counts", "/counts/infeasible_by_reason", "/views/0", "/views/0/baseline",
        "/views/0/points", "/views/0/frontier", "/claims/0", "/strategies/0"}) {
    for (const auto& [key, value] : document()[Json::json_pointer(parent)].items()) {
      CAPTURE(parent, key);
      Json changed = document();
      changed[Json::json_pointer(parent)].erase(key);
      if (optional(parent + "/" + key)) {
        CHECK_NOTHROW(read(changed.dump()));
      } else {
        CHECK_THROWS_WITH(read(changed.dump()), Catch::Contains("missing key \"" + key + "\""));
        ++removed;
      }
    }
  }
  CHECK(removed > 30);
}

TEST_CASE("widths whose product no machine has are refused or drawn as numbers",
          "[report][report_data]") {
  // 65536 * 32768 = 2^31, one more than an int holds: as a negative count of GPUs it kept the
  // figure's axes from ending.
  for (const Json& row : {Json::array({"tp", 65536, 32768, 1, 1, 1, 1, 1}),
                          Json::array({"tp", 65536, 65536, 1, 1, 1, 1, 1}),
                          Json::array({"tp", 65536, 65536, 65536, 1, 1, 65536, 1})}) {
    CAPTURE(row.dump());
    Json changed = document();
    for (Json& layout : changed["views"][1]["layouts"]) layout = row;
    try {
      const ReportData data = read(changed.dump());
      for (const ReportPoint& point : data.views[1].points)
        REQUIRE((data.views[1].throughput(point) > 0 && data.views[1].throughput(point) < 1e12));
      CHECK(pareto_svg(data, 1e6).ends_with("</svg>\n"));
    } catch (const ConfigError&) {
      SUCCEED("refused");
    }
  }
}

TEST_CASE("points without layouts are refused", "[report][report_data]") {
  CHECK_THROWS_AS(read_changed("/views/0/layouts", Json::array()), ConfigError);
  Json changed = document();
  changed["views"][0]["layouts"] = Json::array();
  changed["views"][0]["frontier"] = Json::object();
  CHECK_THROWS_AS(read(changed.dump()), ConfigError);
}

TEST_CASE("a report with random wrong values is refused or drawn, and never crashes",
          "[report][report_data]") {
  const int seed = GENERATE(range(0, 300));
  CAPTURE(seed);
  Random random(static_cast<std::uint32_t>(seed));
  const std::vector<Json> values{
      nullptr, true, -1,    0, 1,  65536,         1e300, -0.5,          1e-300,
      "",      "x",  "]]>", 7, 99, 1000000000000, 2,     Json::array(), Json::object()};
  Json changed = document();
  Json* place = &changed;
  while (place->is_structured() && !place->empty() &&
         (place == &changed || random.between(0, 9) > 0)) {
    auto child = place->begin();
    std::advance(child, random.between(0, static_cast<int>(place->size()) - 1));
    place = &*child;
  }
  *place = random.pick(values);
  ReportData data;
  try {
    data = read(changed.dump());
  } catch (const ConfigError&) {
    SUCCEED("refused");
    return;
  }
  const std::string text = to_json(data);
  CHECK(to_json(read(text)) == text);
  CHECK(pareto_svg(data, figure_context(data)).ends_with("</svg>\n"));
  CHECK_NOTHROW(frontier_tables(data));
  CHECK_NOTHROW(claims_table(data.claims));
  CHECK_NOTHROW(report_html(overlay({{"a", data}, {"b", data}})));
}

TEST_CASE("an overlay names every view after its run, adds counts and keeps every text once",
          "[report][report_data]") {
  ReportData a = small_run().report(0);
  ReportData b = a;
  b.assumptions = {"none", "another"};
  const ReportData both = overlay({{"first", a}, {"second", b}});
  REQUIRE(both.views.size() == 2 * a.views.size());
  CHECK(both.views.front().run == "first");
  CHECK(both.views.back().run == "second");
  CHECK(both.counts.simulated == 2 * a.counts.simulated);
  CHECK(both.counts.infeasible() == 2 * a.counts.infeasible());
  CHECK(both.counts.invalid == 2 * a.counts.invalid);
  CHECK(both.assumptions == std::vector<std::string>{"none", "another"});
  CHECK(both.strategies == a.strategies);
  REQUIRE(both.claims.size() == 4);
  CHECK(both.claims[2].name == "second: interactivity");
  CHECK(to_json(overlay({{"alone", a}})) == to_json(a));
}
