#include "sim/report/svg.hpp"

#include <catch2/catch.hpp>
#include <regex>

#include "sim/report/frontier_table.hpp"
#include "tests/report/report_case.hpp"

using namespace helixsim;

namespace {

/// Corner points of every polyline.
std::vector<std::vector<std::pair<double, double>>> polylines(const std::string& svg) {
  std::vector<std::vector<std::pair<double, double>>> lines;
  const std::regex line("<polyline points=\"([^\"]*)\"");
  const std::regex corner("([-0-9.]+),([-0-9.]+)");
  for (auto at = std::sregex_iterator(svg.begin(), svg.end(), line); at != std::sregex_iterator();
       ++at) {
    const std::string text = (*at)[1];
    lines.emplace_back();
    for (auto c = std::sregex_iterator(text.begin(), text.end(), corner);
         c != std::sregex_iterator(); ++c) {
      lines.back().emplace_back(std::stod((*c)[1]), std::stod((*c)[2]));
    }
  }
  return lines;
}

}  // namespace

TEST_CASE("the figure draws one line a frontier, a panel a model, fast end to dense end",
          "[report][svg]") {
  const ReportData data = small_run().report(0);
  std::vector<std::size_t> lengths;
  for (const ReportView& view : data.views) {
    if (view.context != 1e6) continue;
    std::size_t helix = 0;
    for (const auto& [name, indices] : view.frontiers) {
      if (name == "overall" || indices.empty()) continue;
      if (name == "helix") {
        helix = indices.size();
      } else {
        lengths.push_back(indices.size());
      }
    }
    lengths.push_back(helix);  // over the others
  }
  const std::string svg = pareto_svg(data, 1e6);
  const auto lines = polylines(svg);
  REQUIRE(lines.size() == lengths.size());
  CHECK(lines.size() == 4 + 3);  // Llama: tp, dp, baseline, helix; R1 has no baseline
  CHECK(svg.find("viewBox=\"0 0 1000 420\"") != std::string::npos);
  for (std::size_t l = 0; l < lines.size(); ++l) {
    CHECK(lines[l].size() == lengths[l]);
    const double left = l < 4 ? 0 : 500;
    for (std::size_t i = 0; i < lines[l].size(); ++i) {
      const auto [x, y] = lines[l][i];
      CHECK((x >= left + 64 && x <= left + 482));
      CHECK((y >= 84 && y <= 364));
      if (i > 0)
        CHECK((x <= lines[l][i - 1].first &&
               y <= lines[l][i - 1].second));  // slower and denser (y grows down)
    }
  }
}

TEST_CASE("a figure of a context that was not run, or of nothing feasible, is still a figure",
          "[report][svg]") {
  ReportData data = small_run().report(0);
  CHECK(polylines(pareto_svg(data, 5.0)).empty());
  CHECK(pareto_svg(data, 5.0).ends_with("</svg>\n"));
  for (ReportView& view : data.views) {
    view.points.clear();
    for (auto& [name, indices] : view.frontiers) indices.clear();
  }
  const std::string svg = pareto_svg(data, 1e6);
  CHECK(polylines(svg).empty());
  CHECK(svg.find("nothing feasible") != std::string::npos);
  CHECK(figure_context(data) == 0.0);
}

TEST_CASE("figures are of 1M tokens, else of the longest context with a feasible point",
          "[report][svg]") {
  ReportData data = small_run().report(0);
  CHECK(figure_context(data) == 1e6);
  std::erase_if(data.views, [](const ReportView& view) { return view.context == 1e6; });
  CHECK(figure_context(data) == 128e3);
}
