#include <fmt/format.h>

#include <algorithm>

#include "sim/report/calibration_sections.hpp"
#include "sim/report/layer_lines.hpp"
#include "sim/report/svg_figure.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

/// Classes of the page's style sheet, by what the law of a part is of.
std::string_view kind_of(const LayerPart& part) {
  const auto of = [&](std::string_view kernels) { return part.family.starts_with(kernels); };
  if (of("own/gemm/") || of("own/batched_gemm/")) return "series3";
  if (of("own/grouped_gemm/")) return "series2";
  return of("own/") ? "series4" : "series0";
}

constexpr double kWidth = 720.0;
constexpr double kRow = 46.0;
constexpr double kBar = 11.0;
constexpr double kBottom = 34.0;

/// Two bars a layer: what it took, and the laws of its kernels, one after the other.
std::string waterfall_svg(std::span<const LayerLine> lines) {
  double most = 0.0;
  for (const LayerLine& line : lines)
    most = std::max({most, line.layer->measured, line.layer->predicted.value_or(0.0)});
  const double step = tick_step(most);
  const double bottom = kRow * static_cast<double>(lines.size());
  const auto x = [&](double seconds) { return kWidth * 0.97 * seconds / most; };
  SvgFigure figure(kWidth, bottom + kBottom,
                   "class=\"plot waterfall\" role=\"img\" preserveAspectRatio=\"xMinYMin meet\"");
  for (double tick = 0.0; tick <= most * (1.0 + 1e-9); tick += step) {
    figure.add("<line class=\"grid\" x1=\"{0:.1f}\" y1=\"0\" x2=\"{0:.1f}\" y2=\"{1:.1f}\"/>\n",
               x(tick), bottom);
    figure.text(x(tick), bottom + 15.0, tick == 0.0 ? "start" : "middle", "", time_label(tick));
  }
  double y = 0.0;
  const auto bar = [&](std::string_view kind, double top, double from, double seconds,
                       const std::string& title) {
    figure.add(
        "<rect class=\"bar {}\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.0f}\">"
        "<title>{}</title></rect>\n",
        kind, x(from), top, std::max(x(seconds), 0.0), kBar, xml_escaped(title));
  };
  for (const LayerLine& line : lines) {
    figure.text(0.0, y + 13.0, "start", " class=\"axis\"", line.name);
    bar("series5", y + 18.0, 0.0, line.layer->measured,
        "measured: " + time_label(line.layer->measured));
    double from = 0.0;
    for (const LayerPart& part : line.layer->parts) {
      if (!line.layer->predicted) break;
      bar(kind_of(part), y + 18.0 + kBar, from, part.seconds,
          part.kernel + ": " + time_label(part.seconds));
      from += part.seconds;
    }
    y += kRow;
  }
  return figure.finish();
}

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:+.1f}", *value) : "";
}

std::string predicted(const LayerLine& line) {
  return line.layer->predicted ? time_label(*line.layer->predicted) : "not predicted";
}

void add_whole_layers(HtmlPage& page, const std::vector<LayerLine>& lines) {
  page.add("<section><div class=\"section-head\"><h2>Whole layers</h2></div>\n");
  page.paragraph(
      "note",
      "One rank's decoder layer as one graph, and the sum of the laws of its kernels. No "
      "law is fitted to a layer. S: tokens of a request on the rank; PDL: launches that "
      "overlap.");
  page.key({{"series5", "measured"},
            {"series0", "attention"},
            {"series3", "GEMM"},
            {"series2", "experts"},
            {"series4", "all other kernels"}});
  page.add("<div class=\"scroll\">{}</div>\n", waterfall_svg(lines));
  page.table_head({"layer", "#measured", "#by the laws", "#error %"});
  for (const LayerLine& line : lines) {
    page.row({html_escaped(line.name), time_label(line.layer->measured), predicted(line),
              percent(line.error)});
  }
  page.table_end();
  page.add("</section>\n");
}

void add_studies(HtmlPage& page, const std::vector<LayerLine>& lines) {
  page.add("<section><div class=\"section-head\"><h2>HOP-B on one GPU</h2></div>\n");
  page.paragraph("note",
                 "Attention in chunks, each followed by its part of a copy on a second stream; "
                 "predicted by the law of attention and copies that were measured alone. The gain "
                 "is over one chunk, in % of its time.");
  page.table_head({"study", "#measured", "#by the laws", "#gain %", "#gain by the laws %"});
  for (const LayerLine& line : lines) {
    page.row({html_escaped(line.name), time_label(line.layer->measured), predicted(line),
              percent(line.gain), percent(line.gain_by_law)});
  }
  page.table_end();
  page.add("</section>\n");
}

}  // namespace

void add_layers(HtmlPage& page, const CalibrationReport& report) {
  std::vector<LayerLine> layers = layer_lines(report.layers);
  const auto studies_from = std::stable_partition(
      layers.begin(), layers.end(), [](const LayerLine& line) { return !line.hop_b; });
  const std::vector<LayerLine> studies(studies_from, layers.end());
  layers.erase(studies_from, layers.end());
  if (!layers.empty()) add_whole_layers(page, layers);
  if (!studies.empty()) add_studies(page, studies);
  const std::vector<std::string> missing = missing_of(report.layers);
  if (!missing.empty())
    page.paragraph("notice", fmt::format("Not all are predicted: no law or record of {}.",
                                         fmt::join(missing, ", ")));
}

}  // namespace helixsim
