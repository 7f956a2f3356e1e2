#include <fmt/format.h>

#include <cmath>
#include <set>

#include "sim/report/calibration_sections.hpp"
#include "sim/units/format.hpp"

extern "C" {
extern const char helixsim_asset_calibration_html[];
extern const char helixsim_asset_calibration_html_end[];
extern const char helixsim_asset_page_css[];
extern const char helixsim_asset_page_css_end[];
}

namespace helixsim {
namespace {

constexpr std::size_t kOpenFamilies = 4;  // unfolded when the page opens

std::string_view asset(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::string verdict(const CalibrationReport& report, const FamilyStudy& family) {
  return report.aims.met_by(family.error) ? "<span class=\"met\">met</span>"
                                          : "<span class=\"missed\">missed</span>";
}

void add_summary(HtmlPage& page, const CalibrationReport& report) {
  page.add("<section><div class=\"section-head\"><h2>Rows held out</h2></div>\n");
  page.paragraph("note",
                 "A fifth of the rows of each kernel family was kept out of a trial fit, which is "
                 "judged by them; of fewer than 20 rows each in turn. The laws themselves are "
                 "fitted to all rows.");
  std::vector<std::string_view> columns{"kernel family",
                                        "#median %",
                                        "#p90 %",
                                        "#worst %",
                                        "#rows",
                                        "#held out",
                                        "#law alone, median / p90 %"};
  if (report.aims.any()) columns.push_back("aims");
  page.table_head(columns);
  for (const FamilyStudy& family : report.study.families) {
    double worst = 0.0;
    for (const HeldOutRow& row : family.held_out) {
      if (std::abs(row.error_percent()) > std::abs(worst)) worst = row.error_percent();
    }
    std::vector<std::string> row{
        html_escaped(family.family),
        percent_cell(family.error.median_percent),
        percent_cell(family.error.p90_percent),
        fmt::format("{:+.1f}", worst),
        format_count(family.rows),
        format_count(std::ssize(family.held_out)) + (family.in_turn ? ", in turn" : ""),
        fmt::format("{:.2f} / {:.2f}", family.law_error.median_percent,
                    family.law_error.p90_percent)};
    if (report.aims.any()) row.push_back(verdict(report, family));
    page.row(row);
  }
  page.table_end();
  for (const UnpredictedRows& none : report.study.unpredicted) {
    page.paragraph("note", fmt::format("{} rows of {}: {}", format_count(none.rows), none.label.op,
                                       none.reason));
  }
  page.add("</section>\n");
}

std::string aims_text(const CalibrationReport& report) {
  std::string text = "Aims on rows held out:";
  const auto& [median, p90] = report.aims;
  if (median > 0.0) text += fmt::format(" median at most {:g} %", median);
  if (p90 > 0.0)
    text += fmt::format("{} 90th percentile at most {:g} %", median > 0.0 ? "," : "", p90);
  return text + fmt::format("; {} of {} families miss.", missed_aims(report).size(),
                            report.study.families.size());
}

std::string body(const CalibrationReport& report) {
  HtmlPage page;
  page.add("<header class=\"masthead\"><h1>Calibration: {}</h1>\n", html_escaped(report.title));
  page.paragraph("what", report.records.empty()
                             ? "Laws fitted to tables of " + report.study.laws.software
                             : format_count(std::ssize(report.records)) + " records of " +
                                   measured_on(report.records));
  if (report.aims.any()) page.paragraph("counts", aims_text(report));
  page.add("</header>\n");
  add_summary(page, report);
  add_layers(page, report);
  std::size_t shown = 0;
  const bool few = report.study.families.size() <= kOpenFamilies;
  for (const FamilyStudy& family : report.study.families) {
    add_family(page, family, few || shown == 0);
    ++shown;
  }
  if (!report.records.empty()) {
    add_stream(page, report);
    add_repeatability(page, report);
  }
  return page.text();
}

}  // namespace

std::string measured_on(std::span<const MeasuredRecord> records) {
  std::set<std::string> texts;
  for (const MeasuredRecord& record : records) {
    std::string text = record.gpu.name;
    for (const auto& [name, version] : record.software) {
      text += fmt::format(", {} {}", name, version);
    }
    texts.insert(text);
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::string time_label(double seconds) {
  return format_time(Seconds(seconds));
}
std::string bytes_label(double bytes) {
  return format_bytes(Bytes(bytes));
}
std::string plain_label(double value) {
  return fmt::format("{:g}", std::abs(value) < 1e-12 ? 0.0 : value);
}
std::string percent_label(double value) {
  return plain_label(value) + " %";
}
std::string signed_percent_label(double value) {
  return std::abs(value) < 1e-12 ? "0 %" : fmt::format("{:+g} %", value);
}

std::string percent_cell(double value) {
  return fmt::format("{:.2f}", value);
}

std::string cell_label(const CellKey& key) {
  std::string text = key.variant + (key.impl == "lib" ? " (library)" : "") + ":";
  const char* between = " ";
  for (const auto& [name, value] : key.shape) {
    text += fmt::format("{}{} {}", between, name, value);
    between = ", ";
  }
  between = "; ";
  for (const auto& [name, format] : key.dtype) {
    text += fmt::format("{}{} {}", between, name, format);
    between = ", ";
  }
  return key.mode == "graph_cold" ? text : text + "; " + key.mode;
}

std::string region_label(std::string_view region) {
  for (const RegionLabel& one : kRegionLabels) {
    if (one.region == region) return std::string(one.label);
  }
  return std::string(region);
}

std::string calibration_html(const CalibrationReport& report) {
  const std::string title = html_escaped(report.title);
  const std::string content = body(report);
  const PagePart parts[] = {
      {"{{title}}", title},
      {"/*{{css}}*/", asset(helixsim_asset_page_css, helixsim_asset_page_css_end)},
      {"{{body}}", content}};
  return filled_page(asset(helixsim_asset_calibration_html, helixsim_asset_calibration_html_end),
                     parts);
}

}  // namespace helixsim
