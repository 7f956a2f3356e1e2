#include "sim/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <vector>

#include "sim/parallel/registry.hpp"
#include "sim/report/svg_figure.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr double kPanelWidth = 500;
constexpr double kHeight = 420;
constexpr double kLeft = 64;
constexpr double kRight = 18;
constexpr double kTop = 84;
constexpr double kBottom = 56;

struct Style {
  std::string_view colour;
  double width;
  std::string_view dash;
  std::string_view label;
};

constexpr std::string_view kSpareColours[] = {"#0f9aa8", "#c13584", "#8a6d1d", "#5b6ee1"};

/// The colours of the interactive report; strategies without a row of their own take spare ones in
/// registry order.
Style style_of(const std::string& name) {
  static const std::map<std::string, Style> kStyles{
      {"tp", {"#2368c4", 1.6, "", "TP"}},
      {"dp", {"#d1541f", 1.6, "", "DP attention"}},
      {"medha", {"#9a4fc0", 1.6, "", "Medha (vanilla KVP)"}},
      {"helix", {"#76b900", 3.2, "", "Helix"}},
      {"baseline", {"#24292f", 2.0, "6 4", "Baseline (best of)"}}};
  if (const auto found = kStyles.find(name); found != kStyles.end()) return found->second;
  std::size_t spare = 0;
  for (const StrategyEntry& row : strategies()) {
    if (row.name == name) break;
    if (!kStyles.contains(std::string(row.name))) ++spare;
  }
  return {kSpareColours[spare % std::size(kSpareColours)], 1.6, "", ""};
}

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
  std::vector<double> factors{};  ///< of the TTL, to the ends of its interval; none without errors
};

struct Axes {
  double left = 0.0;
  double x_max = 1.0;
  double y_max = 1.0;

  [[nodiscard]] double x(double value) const {
    return left + kLeft + value / x_max * (kPanelWidth - kLeft - kRight);
  }
  [[nodiscard]] double y(double value) const {
    return kHeight - kBottom - value / y_max * (kHeight - kTop - kBottom);
  }
};

constexpr std::string_view kLook =
    "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#24292f\"";

std::vector<Series> series_of(const ReportView& view) {
  std::vector<Series> all;
  for (const auto& [name, indices] : view.frontiers) {
    if (name == "overall" || indices.empty()) continue;
    Series series{.name = name, .points = {}};
    for (const int index : indices) {
      const ReportPoint& point = view.points[static_cast<std::size_t>(index)];
      series.points.emplace_back(view.interactivity(point) / view.interactivity_max.value_or(1.0),
                                 view.throughput(point) / view.throughput_max.value_or(1.0));
    }
    if (const FrontierErrors* errors = view.errors_of(name)) {
      for (const double log_sd : errors->log_sd)
        series.factors.push_back(interval_of(1.0, log_sd).high);
    }
    all.push_back(std::move(series));
  }
  // Helix is drawn last, over the others.
  std::stable_partition(all.begin(), all.end(), [](const Series& s) { return s.name != "helix"; });
  return all;
}

void draw_axes(SvgFigure& figure, const Axes& axes, const ReportView& view) {
  const double x_step = tick_step(axes.x_max);
  const double y_step = tick_step(axes.y_max);
  for (int i = 0; i * x_step <= axes.x_max * 1.0001; ++i) {
    const double x = axes.x(i * x_step);
    figure.line(x, axes.y(0), x, axes.y(axes.y_max), "#eaeef2");
    figure.text(x, axes.y(0) + 18, "middle", "", fmt::format("{:g}", i * x_step));
  }
  for (int i = 0; i * y_step <= axes.y_max * 1.0001; ++i) {
    const double y = axes.y(i * y_step);
    figure.line(axes.x(0), y, axes.x(axes.x_max), y, "#eaeef2");
    figure.text(axes.x(0) - 8, y + 4, "end", "", fmt::format("{:g}", i * y_step));
  }
  figure.line(axes.x(0), axes.y(0), axes.x(axes.x_max), axes.y(0), "#57606a");
  figure.line(axes.x(0), axes.y(0), axes.x(0), axes.y(axes.y_max), "#57606a");
  const bool normalised = view.interactivity_max.has_value();
  figure.text(axes.x(axes.x_max / 2), kHeight - 14, "middle", "",
              normalised ? "tokens/s/user, baseline's largest = 1" : "tokens/s/user");
  const double middle = axes.y(axes.y_max / 2);
  figure.text(axes.left + 18, middle, "middle",
              fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", axes.left + 18, middle),
              normalised ? "tokens/s/GPU, baseline's largest = 1" : "tokens/s/GPU");
}

/// Intervals of the TTL: interactivity and throughput are both in proportion to 1 / TTL, so they
/// lie on lines through the origin. Every few points only, so that they can be told apart.
void draw_errors(SvgFigure& figure, const Axes& axes, const Series& series) {
  constexpr std::size_t kMostBars = 12;
  if (series.factors.empty() || series.name == "baseline") return;
  const std::size_t step = (series.points.size() + kMostBars - 1) / kMostBars;
  for (std::size_t i = 0; i < series.points.size(); i += step) {
    const auto& [x, y] = series.points[i];
    const double factor = series.factors[i];
    const double most = std::min({factor, axes.x_max / x, axes.y_max / y});
    figure.add(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
        "stroke-opacity=\"0.45\"/>\n",
        axes.x(x / factor), axes.y(y / factor), axes.x(x * most), axes.y(y * most),
        style_of(series.name).colour);
  }
}

void draw_series(SvgFigure& figure, const Axes& axes, const Series& series) {
  const Style style = style_of(series.name);
  std::string path;
  for (const auto& [x, y] : series.points) {
    fmt::format_to(std::back_inserter(path), "{}{:.1f},{:.1f}", path.empty() ? "" : " ", axes.x(x),
                   axes.y(y));
  }
  figure.add(
      "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:g}\" "
      "stroke-linejoin=\"round\"{}/>\n",
      path, style.colour, style.width,
      style.dash.empty() ? std::string() : fmt::format(" stroke-dasharray=\"{}\"", style.dash));
  if (series.points.size() == 1) {
    figure.add("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n",
               axes.x(series.points[0].first), axes.y(series.points[0].second), style.colour);
  }
}

/// How much faster Helix's fast end is: a bracket in the empty upper right, with lines down to both
/// ends.
void draw_gain(SvgFigure& figure, const Axes& axes, const ReportView& view,
               const std::vector<Series>& all) {
  for (const Series& series : all) {
    if (series.name != "helix" || !view.interactivity_max) continue;
    const auto& [gain, end] = series.points.front();
    if (gain <= 1.005) continue;
    const double y = axes.y(0.5 * axes.y_max);
    figure.add(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#4f7d00\" "
        "stroke-width=\"1.6\"/>\n",
        axes.x(1.0), y, axes.x(gain), y);
    for (const double x : {1.0, gain}) {
      figure.add(
          "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#4f7d00\" "
          "stroke-dasharray=\"2 3\"/>\n",
          axes.x(x), y, axes.y(x == gain ? end : 0.0));
    }
    figure.text(axes.x((1.0 + gain) / 2), y - 8, "middle", " fill=\"#4f7d00\" font-weight=\"bold\"",
                fmt::format("{:.2f}x", gain));
  }
}

/// One legend for all panels: every series that some panel draws, in order of first appearance.
void draw_legend(SvgFigure& figure, const std::vector<Series>& all) {
  double x = kLeft;
  for (const Series& series : all) {
    const Style style = style_of(series.name);
    const std::string label = style.label.empty() ? series.name : std::string(style.label);
    figure.add(
        "<line x1=\"{:.1f}\" y1=\"24\" x2=\"{:.1f}\" y2=\"24\" stroke=\"{}\" "
        "stroke-width=\"{:g}\"{}/>\n",
        x, x + 24, style.colour, style.width,
        style.dash.empty() ? std::string() : fmt::format(" stroke-dasharray=\"{}\"", style.dash));
    figure.text(x + 30, 28, "start", "", label);
    x += 56 + 6.4 * static_cast<double>(label.size());
  }
}

void draw_panel(SvgFigure& figure, double left, const ReportView& view) {
  figure.text(left + kLeft, 62, "start", " font-size=\"16\" font-weight=\"bold\"",
              fmt::format("{}{}, {} tokens", view.run.empty() ? "" : view.run + ": ",
                          view.model_title, format_tokens(view.context)));
  const std::vector<Series> all = series_of(view);
  Axes axes{.left = left};
  double x_max = 0.0;
  double y_max = 0.0;
  for (const Series& series : all) {
    for (const auto& [x, y] : series.points) {
      x_max = std::max(x_max, x);
      y_max = std::max(y_max, y);
    }
  }
  if (x_max <= 0.0) {
    figure.text(left + kPanelWidth / 2, kHeight / 2, "middle", "", "nothing feasible");
    return;
  }
  axes.x_max = x_max * 1.05;
  axes.y_max = y_max * 1.08;
  draw_axes(figure, axes, view);
  for (const Series& series : all) draw_errors(figure, axes, series);
  for (const Series& series : all) draw_series(figure, axes, series);
  draw_gain(figure, axes, view, all);
}

}  // namespace

std::string pareto_svg(const ReportData& data, double context) {
  std::vector<const ReportView*> views;
  for (const ReportView& view : data.views) {
    if (view.context == context) views.push_back(&view);
  }
  const double panels = std::max<double>(1.0, static_cast<double>(views.size()));
  SvgFigure figure(panels * kPanelWidth, kHeight, kLook);
  figure.add("<rect width=\"{:g}\" height=\"{:g}\" fill=\"#ffffff\"/>\n", panels * kPanelWidth,
             kHeight);
  std::vector<Series> drawn;
  for (const ReportView* view : views) {
    for (Series& series : series_of(*view)) {
      const auto known = std::find_if(drawn.begin(), drawn.end(),
                                      [&](const Series& s) { return s.name == series.name; });
      if (known == drawn.end()) drawn.push_back(std::move(series));
    }
  }
  draw_legend(figure, drawn);
  for (std::size_t i = 0; i < views.size(); ++i)
    draw_panel(figure, static_cast<double>(i) * kPanelWidth, *views[i]);
  return figure.finish();
}

}  // namespace helixsim
