#include "sim/report/validation_html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "sim/report/page_parts.hpp"
#include "sim/units/draw.hpp"

extern "C" {
extern const char helixsim_asset_validation_html[];
extern const char helixsim_asset_validation_html_end[];
extern const char helixsim_asset_validation_js[];
extern const char helixsim_asset_validation_js_end[];
extern const char helixsim_asset_page_css[];
extern const char helixsim_asset_page_css_end[];
extern const char helixsim_asset_echarts[];
extern const char helixsim_asset_echarts_end[];
}

namespace helixsim {
namespace {

using Json = nlohmann::ordered_json;

std::string_view asset(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Microseconds of four digits: what a plot can show.
double plotted(double seconds) {
  return std::stod(fmt::format("{:.4g}", seconds * 1e6));
}

using Rows = std::vector<PredictedRow>;

/// Rows by region: {"latency": [[measured, predicted], ...], ...}. Of many, one drawn from each of
/// kMostPlotPoints equal stretches, since tables run through their shapes in a regular order.
Json points_json(const Rows& rows) {
  const std::size_t shown = std::min(rows.size(), kMostPlotPoints);
  std::map<Region, Json> regions;
  for (std::size_t point = 0; point < shown; ++point) {
    const std::size_t first = point * rows.size() / shown;
    const std::size_t past = (point + 1) * rows.size() / shown;
    const double place = drawn(13, point, 0) * static_cast<double>(past - first);
    const PredictedRow& row = rows[first + static_cast<std::size_t>(place)];
    Json& points = regions.try_emplace(row.region, Json::array()).first->second;
    points.push_back({plotted(row.measured), plotted(row.predicted)});
  }
  Json all = Json::object();
  for (const auto& [region, points] : regions) all[std::string(name_of(region))] = points;
  return all;
}

Json plots_json(const Accuracy& accuracy) {
  std::map<std::pair<std::string, std::string>, Rows> plots;
  for (const PredictedFamily& family : accuracy.families) {
    Rows& rows = plots[{family.label.op, family.label.dtype}];
    rows.insert(rows.end(), family.rows.begin(), family.rows.end());
  }
  Json all = Json::array();
  for (const auto& [what, rows] : plots) {
    if (rows.empty()) continue;
    all.push_back({{"op", what.first},
                   {"dtype", what.second},
                   {"rows", rows.size()},
                   {"points", points_json(rows)}});
  }
  return all;
}

}  // namespace

std::string validation_data(std::span<const ScoredSystem> systems) {
  Json all = Json::array();
  for (const ScoredSystem& system : systems) {
    Json groups = Json::array();
    for (const AccuracyGroup& group : system.accuracy.groups) {
      groups.push_back({group.op, group.dtype, group.kernel, group.region, group.rows,
                        group.unpredicted, group.median_ape_percent, group.mean_ape_percent,
                        group.p90_ape_percent, group.reason});
    }
    all.push_back({{"system", system.name},
                   {"title", system.title},
                   {"software", system.software},
                   {"plots", plots_json(system.accuracy)},
                   {"groups", groups}});
  }
  return all.dump();
}

std::optional<std::string> validation_html(std::span<const ScoredSystem> systems) {
  const std::string_view echarts = asset(helixsim_asset_echarts, helixsim_asset_echarts_end);
  if (echarts.empty()) return std::nullopt;
  const std::string json = json_escaped(validation_data(systems));
  const PagePart parts[] = {
      {"/*{{css}}*/", asset(helixsim_asset_page_css, helixsim_asset_page_css_end)},
      {"{{data}}", json},
      {"/*{{echarts}}*/", echarts},
      {"/*{{script}}*/", asset(helixsim_asset_validation_js, helixsim_asset_validation_js_end)}};
  return filled_page(asset(helixsim_asset_validation_html, helixsim_asset_validation_html_end),
                     parts);
}

}  // namespace helixsim
