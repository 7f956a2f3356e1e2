#include "sim/report/scatter_svg.hpp"

#include <algorithm>
#include <cmath>

#include "sim/report/svg_figure.hpp"

namespace helixsim {
namespace {

constexpr double kWidth = 420;
constexpr double kHeight = 300;
constexpr double kLeft = 62;
constexpr double kRight = 26;
constexpr double kTop = 12;
constexpr double kBottom = 48;
constexpr int kMostDecades = 6;  // that all have a label

double part_of(const ScatterAxis& axis, double value) {
  const double inside = std::clamp(value, axis.low, axis.high);
  if (!axis.logarithmic) return (inside - axis.low) / (axis.high - axis.low);
  return std::log(inside / axis.low) / std::log(axis.high / axis.low);
}

struct Frame {
  const ScatterPlot& plot;

  [[nodiscard]] double x(double value) const {
    return kLeft + part_of(plot.x, value) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double y(double value) const {
    return kHeight - kBottom - part_of(plot.y, value) * (kHeight - kTop - kBottom);
  }
};

std::vector<double> ticks_of(const ScatterAxis& axis) {
  std::vector<double> ticks;
  if (axis.logarithmic) {
    const double decades = std::round(std::log10(axis.high / axis.low));
    const double stride = std::max(1.0, std::ceil(decades / kMostDecades));
    for (double decade = 0.0; decade <= decades + 0.5; decade += stride) {
      ticks.push_back(axis.low * std::pow(10.0, decade));
    }
    return ticks;
  }
  const double step = tick_step(axis.high - axis.low);
  for (double i = std::ceil(axis.low / step - 1e-9); i * step <= axis.high + 1e-9 * step; ++i) {
    ticks.push_back(i * step);
  }
  return ticks;
}

void draw_axes(SvgFigure& figure, const Frame& frame) {
  const auto& [x_axis, y_axis, points, levels, bands] = frame.plot;
  const double bottom = kHeight - kBottom;
  for (const double tick : ticks_of(x_axis)) {
    const double x = frame.x(tick);
    figure.add(
        "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\"/>\n", x,
        kTop, bottom);
    figure.text(x, bottom + 16, "middle", "", x_axis.label(tick));
  }
  for (const double tick : ticks_of(y_axis)) {
    const double y = frame.y(tick);
    figure.add(
        "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{2:.1f}\" y2=\"{1:.1f}\"/>\n",
        kLeft, y, kWidth - kRight);
    figure.text(kLeft - 7, y + 4, "end", "", y_axis.label(tick));
  }
  figure.text((kLeft + kWidth - kRight) / 2, kHeight - 10, "middle", " class=\"axis\"",
              x_axis.name);
  const double middle = (kTop + bottom) / 2;
  figure.text(14, middle, "middle",
              fmt::format(" class=\"axis\" transform=\"rotate(-90 14 {:.1f})\"", middle),
              y_axis.name);
}

/// y = x (1 + band), cut to the frame.
void draw_band(SvgFigure& figure, const Frame& frame, double band) {
  const double factor = 1.0 + band;
  const double low = std::max(frame.plot.x.low, frame.plot.y.low / factor);
  const double high = std::min(frame.plot.x.high, frame.plot.y.high / factor);
  if (!(low < high)) return;
  figure.add("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
             band == 0.0 ? "equal" : "band", frame.x(low), frame.y(low * factor), frame.x(high),
             frame.y(high * factor));
}

}  // namespace

ScatterAxis logarithmic_axis(std::string name, const std::vector<double>& values,
                             std::string (*label)(double)) {
  double low = HUGE_VAL;
  double high = 0.0;
  for (const double value : values) {
    if (!(value > 0.0)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (high <= 0.0) low = high = 1.0;
  low = std::pow(10.0, std::floor(std::log10(low * 1.0001)));
  high = std::pow(10.0, std::ceil(std::log10(high * 0.9999)));
  if (high <= low) high = 10.0 * low;
  return {.name = std::move(name), .logarithmic = true, .low = low, .high = high, .label = label};
}

ScatterAxis linear_axis(std::string name, double low, double high, std::string (*label)(double)) {
  const double step = tick_step(std::max(high - low, 1e-12));
  return {.name = std::move(name),
          .logarithmic = false,
          .low = step * std::floor(low / step + 1e-9),
          .high = step * std::max(std::ceil(high / step - 1e-9), std::floor(low / step) + 1.0),
          .label = label};
}

std::string scatter_svg(const ScatterPlot& plot) {
  SvgFigure figure(kWidth, kHeight,
                   "class=\"plot\" role=\"img\" preserveAspectRatio=\"xMinYMin meet\"");
  const Frame frame{plot};
  draw_axes(figure, frame);
  for (const double band : plot.bands) draw_band(figure, frame, band);
  for (const double level : plot.levels) {
    figure.add(
        "<line class=\"{0}\" x1=\"{1:.1f}\" y1=\"{2:.1f}\" x2=\"{3:.1f}\" y2=\"{2:.1f}\"/>\n",
        level == 0.0 ? "equal" : "band", kLeft, frame.y(level), kWidth - kRight);
  }
  for (const ScatterPoint& point : plot.points) {
    figure.add(
        "<circle class=\"dot {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" "
        "r=\"2.6\"><title>{}</title></circle>\n",
        point.kind, frame.x(point.x), frame.y(point.y), xml_escaped(point.title));
  }
  return figure.finish();
}

}  // namespace helixsim
