#include "sim/report/points.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/decode/evaluator.hpp"
#include "tests/report/report_case.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

/// One CSV line (RFC 4180) as its cells.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells{""};
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += line[i++];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  return cells;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("a CSV cell is quoted when it must be and only then", "[report][points]") {
  const auto [text, cell] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"plain text", "plain text"},
      {"a,b", "\"a,b\""},
      {"say \"hi\"", "\"say \"\"hi\"\"\""},
      {"two\nlines", "\"two\nlines\""},
      {"cr\r", "\"cr\r\""},
      {"semi;colon'", "semi;colon'"},
      {"\"", "\"\"\"\""},
  }));
  CHECK(csv_cell(text) == cell);
}

TEST_CASE("points files of both formats hold the same values, simulated or infeasible",
          "[report][points]") {
  const std::string model = "a \"model\", with\\comma";
  const Study& study = small_run().scenario.studies[0];
  Evaluator evaluator(study.setup);
  const std::vector<std::string> names = cells_of(lines_of(points_csv_head()).at(0));
  int simulated = 0;
  int infeasible = 0;
  for (const GridLayout& row : small_run().results[0].search.grid.layouts) {
    for (const int batch : {8, 64}) {
      const Point point{row.strategy, row.layout, batch, 1e6, {HopBMode::Best, 1}};
      if (fault_of(study.setup, point)) continue;
      const PointResult result = evaluator.evaluate(point);
      ++(result.feasible() ? simulated : infeasible);
      std::string csv;
      std::string jsonl;
      add_point_csv(model, point, result, csv);
      add_point_jsonl(model, point, result, jsonl);
      REQUIRE(lines_of(csv).size() == 1);
      REQUIRE(lines_of(jsonl).size() == 1);
      const std::vector<std::string> cells = cells_of(lines_of(csv)[0]);
      REQUIRE(cells.size() == names.size());
      const Json object = Json::parse(jsonl);
      CAPTURE(csv, jsonl);
      for (std::size_t c = 0; c < names.size(); ++c) {
        CAPTURE(names[c]);
        const Json value = object.value(names[c], Json());
        if (value.is_null()) {
          CHECK(cells[c].empty());
        } else if (value.is_string()) {
          CHECK(cells[c] == value.get<std::string>());
        } else {
          CHECK(Json::parse(cells[c]).get<double>() == value.get<double>());
        }
      }
      for (const auto& [name, value] : object.items())
        CHECK(std::find(names.begin(), names.end(), name) != names.end());
      CHECK(object["model"] == model);
      CHECK(object["gpus"] == row.layout.gpus());
      CHECK(object["memory_bytes"].get<double>() == result.memory.total().value());
      if (result.feasible()) {
        CHECK(object["status"] == "ok");
        CHECK(object["ttl_s"].get<double>() == result.ttl.seconds().value());
        double sum = 0.0;
        for (const char* part :
             {"attention_s", "gemm_s", "moe_s", "communication_exposed_s", "other_s"}) {
          sum += object[part].get<double>();
        }
        CHECK(sum == Approx(result.ttl.seconds().value()));
      } else {
        CHECK(object["status"] == "infeasible");
        CHECK(object["reason"] == std::string(name_of(result.shortage)));
      }
    }
  }
  CHECK(simulated > 10);
  CHECK(infeasible > 10);
}
