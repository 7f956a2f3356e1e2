#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/report/calibration_sections.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kWorst = 10;  // rows listed of a family

std::string title_of(const HeldOutRow& row) {
  return fmt::format("{}: measured {}, predicted {} ({:+.1f} %)", row.shape,
                     format_time(Seconds(row.measured)), format_time(Seconds(row.predicted)),
                     row.error_percent());
}

ScatterPlot times_plot(const FamilyStudy& family) {
  std::vector<double> times;
  ScatterPlot plot;
  for (const HeldOutRow* row : few_of(family.held_out)) {
    times.insert(times.end(), {row->measured, row->predicted});
    plot.points.push_back({.x = row->measured,
                           .y = row->predicted,
                           .kind = std::string(name_of(row->region)),
                           .title = title_of(*row)});
  }
  plot.x = logarithmic_axis("measured", times, time_label);
  plot.y = logarithmic_axis("predicted", times, time_label);
  plot.bands = {0.0, 0.1, -0.1};
  return plot;
}

/// Signed errors over a number of the row, on an axis that is the same for all of the family.
template <class Number>
ScatterPlot error_plot(const FamilyStudy& family, const std::string& name,
                       std::string (*label)(double), Number&& number) {
  std::vector<double> places;
  double most = 10.0;
  ScatterPlot plot;
  for (const HeldOutRow* row : few_of(family.held_out)) {
    const double at = number(*row);
    if (!(at > 0.0)) continue;
    places.push_back(at);
    most = std::max(most, std::abs(row->error_percent()));
    plot.points.push_back({.x = at,
                           .y = row->error_percent(),
                           .kind = std::string(name_of(row->region)),
                           .title = title_of(*row)});
  }
  most = std::min(most, kMostErrorShown);
  plot.x = logarithmic_axis(name, places, label);
  plot.y = linear_axis("predicted / measured - 1", -most, most, signed_percent_label);
  plot.levels = {0.0, 10.0, -10.0};
  return plot;
}

void add_worst(HtmlPage& page, const FamilyStudy& family) {
  std::vector<const HeldOutRow*> rows;
  for (const HeldOutRow& row : family.held_out) rows.push_back(&row);
  const std::size_t shown = std::min(kWorst, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(shown), rows.end(),
                    [](const HeldOutRow* a, const HeldOutRow* b) {
                      return std::abs(a->error_percent()) > std::abs(b->error_percent());
                    });
  page.add("<h3>The {} worst</h3>\n", shown);
  page.table_head(
      {"shape", "bound by", "#bytes", "#measured", "#predicted", "#law alone", "#error %"});
  for (std::size_t i = 0; i < shown; ++i) {
    const HeldOutRow& row = *rows[i];
    page.row({html_escaped(row.shape), region_label(name_of(row.region)),
              format_bytes(Bytes(row.bytes)), format_time(Seconds(row.measured)),
              format_time(Seconds(row.predicted)), format_time(Seconds(row.law_alone)),
              fmt::format("{:+.1f}", row.error_percent())});
  }
  page.table_end();
}

void add_regions_key(HtmlPage& page) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [region, label] : kRegionLabels) entries.emplace_back(region, label);
  page.key(entries);
}

}  // namespace

void add_family(HtmlPage& page, const FamilyStudy& family, bool open) {
  page.add("<details class=\"family\"{}><summary>{} <span class=\"note\">{}</span></summary>\n",
           open ? " open" : "", html_escaped(family.family),
           html_escaped(fmt::format("{}; median {:.2f} %, p90 {:.2f} %", family.source,
                                    family.error.median_percent, family.error.p90_percent)));
  if (family.in_turn) {
    page.paragraph("notice",
                   "Fewer than 20 rows: each in turn was kept out of a fit to the others.");
  }
  add_regions_key(page);
  page.add("<div class=\"plots\">\n");
  page.plot("Predicted against measured; lines at 10 %", times_plot(family));
  page.plot("Error against bytes", error_plot(family, "bytes", bytes_label,
                                              [](const HeldOutRow& row) { return row.bytes; }));
  const bool has_splits = std::any_of(family.held_out.begin(), family.held_out.end(),
                                      [](const HeldOutRow& row) { return row.splits > 0.0; });
  if (has_splits) {
    page.plot("Error by splits", error_plot(family, "splits of an item", plain_label,
                                            [](const HeldOutRow& row) { return row.splits; }));
    page.plot("Error by waves", error_plot(family, "waves of CTAs", plain_label,
                                           [](const HeldOutRow& row) { return row.waves; }));
  }
  page.add("</div>\n");
  add_worst(page, family);
  add_parameters(page, family);
  page.add("</details>\n");
}

}  // namespace helixsim
