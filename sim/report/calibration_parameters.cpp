#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "sim/report/calibration_sections.hpp"
#include "sim/report/svg_figure.hpp"

namespace helixsim {
namespace {

/// "0.9", "6.4 us", "1.2 TB/s".
std::string in_unit(double value, const StudiedParameter& parameter) {
  const std::string number = fmt::format("{:.4g}", value / parameter.scale);
  return parameter.unit.empty() ? number : number + " " + parameter.unit;
}

/// A standard error; beyond a factor of ten it says no more.
std::string error_text(const ParameterIdentity& identity) {
  if (identity.pinned) return {};
  return identity.log_error < 10.0 ? percent_cell(100.0 * identity.log_error) : "> 1000";
}

/// The root of the profile over the logarithm of the parameter, with the line that the 95 %
/// interval is cut at.
std::string profile_svg(const ParameterIdentity& identity) {
  constexpr double kWidth = 104;
  constexpr double kHeight = 30;
  constexpr double kTop = 3;
  const double most = 1.6 * std::sqrt(kProfileThreshold);
  if (identity.profile.size() < 2) return {};
  const double low = std::log(identity.profile.front().value);
  const double wide = std::log(identity.profile.back().value) - low;
  if (!(wide > 0.0)) return {};
  const auto y = [&](double rise) {
    const double part = std::min(std::sqrt(std::max(rise, 0.0)), most) / most;
    return kHeight - 2 - part * (kHeight - 2 - kTop);
  };
  SvgFigure figure(kWidth, kHeight, "class=\"profile\" role=\"img\"");
  const double limit = y(kProfileThreshold);
  figure.add("<line class=\"limit\" x1=\"0\" y1=\"{0:.1f}\" x2=\"{1:g}\" y2=\"{0:.1f}\"/>", limit,
             kWidth);
  std::string path;
  for (const ProfilePoint& point : identity.profile) {
    fmt::format_to(std::back_inserter(path), "{:.1f},{:.1f} ",
                   (std::log(point.value) - low) / wide * kWidth, y(point.rise));
  }
  figure.add("<polyline class=\"curve\" points=\"{}\"/>", path);
  return figure.finish();
}

std::string interval_text(const StudiedParameter& parameter, const ParameterIdentity& identity) {
  if (identity.low_open && identity.high_open) return "not told";
  const auto end = [&](double value, bool open, const char* none) {
    return open ? std::string(none) : fmt::format("{:.4g}", value / parameter.scale);
  };
  return fmt::format("{} to {}", end(identity.low, identity.low_open, "its bound"),
                     end(identity.high, identity.high_open, "its bound"));
}

void add_correlation(HtmlPage& page, const FamilyStudy& family) {
  const Identifiability& identity = family.identity;
  const std::size_t count = identity.free.size();
  if (count < 2) return;
  page.add(
      "<details><summary>Correlation of the parameters; condition number {:.3g}</summary>\n"
      "<div class=\"scroll\"><table class=\"figures matrix\"><thead><tr><th></th>",
      identity.condition);
  for (const std::size_t p : identity.free) page.add("<th>{}</th>", family.parameters[p].name);
  page.add("</tr></thead><tbody>\n");
  for (std::size_t i = 0; i < count; ++i) {
    page.add("<tr><th>{}</th>", family.parameters[identity.free[i]].name);
    for (std::size_t j = 0; j < count; ++j) {
      const double value = identity.correlation[i * count + j];
      if (i == j) {
        page.add("<td class=\"soft\">1</td>");
        continue;
      }
      const bool tied = std::abs(value) > kTiedCorrelation;
      page.add(
          "<td{}><span style=\"background: color-mix(in srgb, var(--{}) {:.0f}%, transparent); "
          "padding: 1px 5px\">{:.2f}</span></td>",
          tied ? " class=\"flags\"" : "", value > 0.0 ? "attention" : "communication_exposed",
          60.0 * std::abs(value), value);
    }
    page.add("</tr>\n");
  }
  page.add("</tbody></table></div></details>\n");
}

}  // namespace

void add_parameters(HtmlPage& page, const FamilyStudy& family) {
  page.add("<h3>Parameters</h3>\n");
  page.table_head({"parameter", "#value", "#standard error %", "#95 % interval, same unit",
                   "profile", "flags"});
  for (std::size_t p = 0; p < family.parameters.size(); ++p) {
    const StudiedParameter& parameter = family.parameters[p];
    const ParameterIdentity& identity = family.identity.parameters[p];
    page.row({html_escaped(parameter.name), html_escaped(in_unit(parameter.value, parameter)),
              error_text(identity), interval_text(parameter, identity), profile_svg(identity),
              fmt::format("<span class=\"{}\">{}</span>", identity.pinned ? "soft" : "flags",
                          html_escaped(identity_flags(family, p)))});
  }
  page.table_end();
  add_correlation(page, family);
}

}  // namespace helixsim
