#include "sim/report/validation_html.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace helixsim;
using Json = nlohmann::json;

namespace {

ScoredSystem with_rows(std::size_t rows) {
  ScoredSystem system{.name = "s", .title = "S </script>", .software = "", .accuracy = {}};
  PredictedFamily family{.label = {.op = "gemm", .dtype = "fp8", .kernel = {}}, .rows = {}};
  for (std::size_t row = 0; row < rows; ++row) {
    family.rows.push_back({.measured = 1e-6 * static_cast<double>(row + 1),
                           .predicted = 2e-6 * static_cast<double>(row + 1),
                           .region = row % 2 == 0 ? Region::Latency : Region::Compute});
  }
  system.accuracy.families = {family, family};
  return system;
}

std::size_t points(const Json& plot) {
  std::size_t all = 0;
  for (const Json& region : plot.at("points")) all += region.size();
  return all;
}

}  // namespace

TEST_CASE("a plot shows all rows of an op and format when they are few",
          "[report][validation_html]") {
  const ScoredSystem system = with_rows(3);
  const Json plots = Json::parse(validation_data({&system, 1})).at(0).at("plots");
  REQUIRE(plots.size() == 1);  // kernels of an op and format share a plot
  CHECK(plots.at(0).at("rows") == 6);
  CHECK(plots.at(0).at("points").at("latency") ==
        Json::parse("[[1.0,2.0],[3.0,6.0],[1.0,2.0],[3.0,6.0]]"));
  CHECK(plots.at(0).at("points").at("compute").size() == 2);
}

TEST_CASE("a plot of many rows is thinned the same way each time", "[report][validation_html]") {
  const ScoredSystem system = with_rows(3001);
  const std::string data = validation_data({&system, 1});
  CHECK(points(Json::parse(data).at(0).at("plots").at(0)) == kMostPlotPoints);
  CHECK(validation_data({&system, 1}) == data);
}

TEST_CASE("texts cannot end the page's data", "[report][validation_html]") {
  const ScoredSystem system = with_rows(1);
  const auto page = validation_html({&system, 1});
  if (!page) return;  // built without the chart library
  CHECK(page->find("S </script>") == std::string::npos);
  CHECK(page->find("S \\u003c/script>") != std::string::npos);
}
