#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "sim/calibration/log_errors.hpp"
#include "sim/calibration/repeatability.hpp"
#include "sim/calibration/stream_fraction.hpp"
#include "sim/report/calibration_report.hpp"
#include "sim/report/page_parts.hpp"
#include "sim/report/scatter_svg.hpp"
#include "sim/report/svg_figure.hpp"
#include "sim/units/format.hpp"

extern "C" {
extern const char helixsim_asset_calibration_html[];
extern const char helixsim_asset_calibration_html_end[];
extern const char helixsim_asset_page_css[];
extern const char helixsim_asset_page_css_end[];
}

namespace helixsim {
namespace {

constexpr std::size_t kMostDots = 800;    // of a plot
constexpr std::size_t kWorst = 10;        // rows listed of a family
constexpr std::size_t kOpenFamilies = 4;  // unfolded when the page opens
constexpr double kLargeBytes = 64e6;      // from which a kernel should reach the stream
constexpr double kMostErrorShown = 60.0;  // per cent

std::string_view asset(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
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

/// HTML that grows by elements.
class Page {
 public:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void paragraph(std::string_view what, const std::string& text) {
    add("<p class=\"{}\">{}</p>\n", what, html_escaped(text));
  }
  void plot(std::string_view title, const ScatterPlot& plot) {
    add("<div class=\"plot-of\"><h4>{}</h4>{}</div>\n", html_escaped(title), scatter_svg(plot));
  }
  void key(const std::vector<std::pair<std::string, std::string>>& entries) {
    add("<div class=\"key\">");
    for (const auto& [kind, text] : entries) {
      add("<span><span class=\"swatch {}\"></span>{}</span>", kind, html_escaped(text));
    }
    add("</div>\n");
  }
  /// Columns whose name begins with "#" hold numbers.
  void table_head(std::initializer_list<std::string_view> columns) {
    add("<div class=\"scroll\"><table class=\"figures\"><thead><tr>");
    numbers_.clear();
    for (std::string_view column : columns) {
      numbers_.push_back(column.starts_with('#'));
      if (numbers_.back()) column.remove_prefix(1);
      add("<th{}>{}</th>", numbers_.back() ? " class=\"number\"" : "", html_escaped(column));
    }
    add("</tr></thead><tbody>\n");
  }
  /// Cells are HTML.
  void row(const std::vector<std::string>& cells) {
    add("<tr>");
    for (std::size_t i = 0; i < cells.size(); ++i) {
      add("<td{}>{}</td>", numbers_[i] ? " class=\"number\"" : "", cells[i]);
    }
    add("</tr>\n");
  }
  void table_end() { add("</tbody></table></div>\n"); }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  std::string out_;
  std::vector<bool> numbers_;
};

std::string percent(double value) {
  return fmt::format("{:.2f}", value);
}

/// "0.9", "6.4 us", "1.2 TB/s".
std::string in_unit(double value, const StudiedParameter& parameter) {
  const std::string number = fmt::format("{:.4g}", value / parameter.scale);
  return parameter.unit.empty() ? number : number + " " + parameter.unit;
}

/// Every n-th, so that no plot has more dots than can be told apart.
template <class Row>
std::vector<const Row*> few_of(const std::vector<Row>& rows) {
  std::vector<const Row*> few;
  const std::size_t step = std::max<std::size_t>(1, (rows.size() + kMostDots - 1) / kMostDots);
  for (std::size_t i = 0; i < rows.size(); i += step) few.push_back(&rows[i]);
  return few;
}

// ---- rows held out
// --------------------------------------------------------------------------------

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

void add_worst(Page& page, const FamilyStudy& family) {
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
    page.row({html_escaped(row.shape), std::string(name_of(row.region)),
              format_bytes(Bytes(row.bytes)), format_time(Seconds(row.measured)),
              format_time(Seconds(row.predicted)), format_time(Seconds(row.law_alone)),
              fmt::format("{:+.1f}", row.error_percent())});
  }
  page.table_end();
}

// ---- parameters
// -----------------------------------------------------------------------------------

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

void add_correlation(Page& page, const FamilyStudy& family) {
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

void add_parameters(Page& page, const FamilyStudy& family) {
  page.add("<h3>Parameters</h3>\n");
  page.table_head(
      {"parameter", "#value", "#standard error %", "#95 % interval", "profile", "flags"});
  for (std::size_t p = 0; p < family.parameters.size(); ++p) {
    const StudiedParameter& parameter = family.parameters[p];
    const ParameterIdentity& identity = family.identity.parameters[p];
    page.row({html_escaped(parameter.name), html_escaped(in_unit(parameter.value, parameter)),
              identity.pinned ? "" : percent(100.0 * identity.log_error),
              interval_text(parameter, identity), profile_svg(identity),
              "<span class=\"flags\">" + html_escaped(identity_flags(family, p)) + "</span>"});
  }
  page.table_end();
  add_correlation(page, family);
}

// ---- families
// -------------------------------------------------------------------------------------

std::string verdict(const CalibrationReport& report, const FamilyStudy& family) {
  if (!report.aims.any()) return {};
  return report.aims.met_by(family.error) ? "<span class=\"met\">met</span>"
                                          : "<span class=\"missed\">missed</span>";
}

void add_regions_key(Page& page) {
  page.key({{"latency", "latency"},
            {"l2", "L2 bandwidth"},
            {"bandwidth", "HBM bandwidth"},
            {"stream", "one CTA"},
            {"compute", "arithmetic"}});
}

void add_summary(Page& page, const CalibrationReport& report) {
  page.add("<section><div class=\"section-head\"><h2>Rows held out</h2></div>\n");
  page.paragraph("note",
                 "A fifth of the rows of each kernel family was kept out of a trial fit, which is "
                 "judged by them. The laws themselves are fitted to all rows.");
  page.table_head({"kernel family", "#rows", "#held out", "#median %", "#p90 %", "#worst %",
                   "#law alone, median / p90 %", "aims"});
  for (const FamilyStudy& family : report.study.families) {
    double worst = 0.0;
    for (const HeldOutRow& row : family.held_out) {
      if (std::abs(row.error_percent()) > std::abs(worst)) worst = row.error_percent();
    }
    page.row({html_escaped(family.family), format_count(family.rows),
              family.apart ? format_count(std::ssize(family.held_out)) : "none: too few rows",
              percent(family.error.median_percent), percent(family.error.p90_percent),
              fmt::format("{:+.1f}", worst),
              fmt::format("{:.2f} / {:.2f}", family.law_error.median_percent,
                          family.law_error.p90_percent),
              verdict(report, family)});
  }
  page.table_end();
  for (const UnpredictedRows& none : report.study.unpredicted) {
    page.paragraph("note", fmt::format("{} rows of {}: {}", format_count(none.rows), none.label.op,
                                       none.reason));
  }
  page.add("</section>\n");
}

void add_family(Page& page, const CalibrationReport& report, const FamilyStudy& family, bool open) {
  page.add("<details class=\"family\"{}><summary>{} <span class=\"note\">{}</span></summary>\n",
           open ? " open" : "", html_escaped(family.family),
           html_escaped(fmt::format("{}; median {:.2f} %, p90 {:.2f} %", family.source,
                                    family.error.median_percent, family.error.p90_percent)));
  if (!family.apart) {
    page.paragraph("notice", "Fewer than 20 rows: none was kept out, and the fit has seen these.");
  }
  add_regions_key(page);
  page.add("<div class=\"plots\">\n");
  const char* of = family.apart ? "rows held out" : "rows of the fit";
  page.plot(fmt::format("Predicted against measured, {}; lines at 10 %", of), times_plot(family));
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
  (void)report;
}

// ---- the read stream
// ------------------------------------------------------------------------------

using ByKernel = std::map<std::string, std::vector<const StreamFraction*>>;

std::string body_of(const MeasuredRecord& record) {
  return record.key.variant + (record.key.impl == "lib" ? " (library)" : "");
}

void add_stream_plot(Page& page, const std::string& kernel,
                     const std::vector<const StreamFraction*>& all) {
  std::set<std::string> bodies;
  for (const StreamFraction* one : all) bodies.insert(body_of(*one->record));
  std::vector<std::pair<std::string, std::string>> key;
  for (const std::string& body : bodies) {
    key.emplace_back(fmt::format("series{}", key.size() % 6), body);
  }
  ScatterPlot plot;
  std::vector<double> bytes;
  double most = 1.0;
  const std::size_t step = std::max<std::size_t>(1, (all.size() + kMostDots - 1) / kMostDots);
  for (std::size_t i = 0; i < all.size(); i += step) {
    const MeasuredRecord& record = *all[i]->record;
    const auto body = std::find_if(key.begin(), key.end(),
                                   [&](const auto& k) { return k.second == body_of(record); });
    bytes.push_back(record.bytes);
    most = std::max(most, all[i]->fraction);
    plot.points.push_back(
        {.x = record.bytes,
         .y = all[i]->fraction,
         .kind = body->first,
         .title = fmt::format("{}: {:.2f} TB/s, {:.3f} of the stream", record.key.text(),
                              all[i]->rate / 1e12, all[i]->fraction)});
  }
  plot.x = logarithmic_axis("bytes", bytes, bytes_label);
  plot.y = linear_axis("fraction of the read stream", 0.0, most, plain_label);
  plot.levels = {1.0};
  page.add("<div class=\"plot-of\"><h4>{}</h4>", html_escaped(kernel));
  page.key(key);
  page.add("{}</div>\n", scatter_svg(plot));
}

void add_stream_rows(Page& page, const CalibrationReport& report, const std::string& kernel,
                     const std::vector<const StreamFraction*>& all) {
  std::map<std::string, std::vector<const StreamFraction*>> bodies;
  for (const StreamFraction* one : all) bodies[body_of(*one->record)].push_back(one);
  for (const auto& [body, of_body] : bodies) {
    std::vector<double> large;
    const StreamFraction* best = of_body.front();
    for (const StreamFraction* one : of_body) {
      if (one->fraction > best->fraction) best = one;
      if (one->record->bytes >= kLargeBytes) large.push_back(one->fraction);
    }
    page.row({html_escaped(kernel), html_escaped(body), format_count(std::ssize(of_body)),
              large.empty() ? "" : fmt::format("{:.3f}", quantile(large, 0.5)),
              fmt::format("{:.3f}", best->fraction),
              fmt::format("{:.3f}", best->rate / report.data_sheet_bandwidth),
              format_bytes(Bytes(best->record->bytes))});
  }
}

void add_anchors(Page& page, const ByKernel& kernels) {
  page.add("<h3>What others reach</h3>\n");
  page.paragraph(
      "note",
      "Published or measured by others, of the data sheet's memory bandwidth: to be held "
      "against the column of the data sheet above, on the same GPU only.");
  page.table_head({"kernel", "what", "GPU", "#of the data sheet", "source"});
  for (const StreamAnchor& anchor : stream_anchors()) {
    if (!kernels.contains(std::string(anchor.kernel))) continue;
    page.row({html_escaped(anchor.kernel), html_escaped(anchor.what), html_escaped(anchor.gpu),
              fmt::format("{:.2f}", anchor.fraction), html_escaped(anchor.source)});
  }
  page.table_end();
}

void add_stream(Page& page, const CalibrationReport& report) {
  const std::vector<StreamFraction> fractions = stream_fractions(report.records);
  page.add("<section><div class=\"section-head\"><h2>Fraction of the read stream</h2></div>\n");
  if (fractions.empty()) {
    page.paragraph("note", "No read stream was measured with these records.");
    page.add("</section>\n");
    return;
  }
  const std::string& gpu = fractions.front().record->gpu.uuid_hash;
  const double stream = read_stream(report.records, gpu);
  page.paragraph(
      "note",
      fmt::format("The least bytes of a kernel over its own time (gap between kernels taken "
                  "off), beside what the same GPU read in the same run: {:.3f} TB/s, {:.3f} "
                  "of the data sheet. Kernels bound by arithmetic stay below.",
                  stream / 1e12, stream / report.data_sheet_bandwidth));
  ByKernel kernels;
  for (const StreamFraction& one : fractions) kernels[one.record->key.kernel].push_back(&one);
  page.add("<div class=\"plots\">\n");
  for (const auto& [kernel, all] : kernels) add_stream_plot(page, kernel, all);
  page.add("</div>\n");
  page.table_head({"kernel", "body", "#records", "#median from 64 MB", "#best",
                   "#best, of the data sheet", "#its bytes"});
  for (const auto& [kernel, all] : kernels) add_stream_rows(page, report, kernel, all);
  page.table_end();
  add_anchors(page, kernels);
  page.add("</section>\n");
}

void add_repeatability(Page& page, const CalibrationReport& report) {
  page.add("<section><div class=\"section-head\"><h2>Repeatability</h2></div>\n");
  page.paragraph("note", "(p90 - p10) / median over the repetitions of a record.");
  ScatterPlot plot;
  std::vector<double> times;
  double most = 1.0;
  const std::size_t step =
      std::max<std::size_t>(1, (report.records.size() + kMostDots - 1) / kMostDots);
  for (std::size_t i = 0; i < report.records.size(); i += step) {
    const MeasuredRecord& record = report.records[i];
    if (!record.check.ok || record.timing.median_us <= 0.0) continue;
    const double spread = spread_percent(record);
    times.push_back(1e-6 * record.timing.median_us);
    most = std::max(most, std::min(spread, kMostErrorShown));
    plot.points.push_back({.x = 1e-6 * record.timing.median_us,
                           .y = spread,
                           .kind = record.suspect ? "series1" : "series0",
                           .title = fmt::format("{}: {:.2f} %", record.key.text(), spread)});
  }
  plot.x = logarithmic_axis("time", times, time_label);
  plot.y = linear_axis("spread", 0.0, most, percent_label);
  page.key({{"series0", "holds"}, {"series1", "suspect: the GPU was not at its usual rate"}});
  page.add("<div class=\"plots\">\n");
  page.plot("Spread against time", plot);
  page.add("</div>\n");
  page.table_head(
      {"kernel", "#records", "#suspect", "#median %", "#p90 %", "#worst %", "worst record"});
  for (const Repeatability& one : repeatability(report.records)) {
    page.row({html_escaped(one.kernel), format_count(one.records), format_count(one.suspect),
              percent(one.median_percent), percent(one.p90_percent), percent(one.worst_percent),
              "<span class=\"soft\">" + html_escaped(one.worst) + "</span>"});
  }
  page.table_end();
  page.add("</section>\n");
}

/// GPU and software of the records, each text once.
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

std::string body(const CalibrationReport& report) {
  Page page;
  page.add("<header class=\"masthead\"><h1>Calibration: {}</h1>\n", html_escaped(report.title));
  page.paragraph("what", report.records.empty()
                             ? "Laws fitted to tables of " + report.study.laws.software
                             : format_count(std::ssize(report.records)) + " records of " +
                                   measured_on(report.records));
  if (report.aims.any()) {
    page.paragraph("counts",
                   fmt::format("Aims: median at most {:g} %, 90th percentile at most {:g} % "
                               "(0: none); {} of {} families miss them.",
                               report.aims.median_percent, report.aims.p90_percent,
                               missed_aims(report).size(), report.study.families.size()));
  }
  page.add("</header>\n");
  add_summary(page, report);
  std::size_t shown = 0;
  const bool few = report.study.families.size() <= kOpenFamilies;
  for (const FamilyStudy& family : report.study.families) {
    add_family(page, report, family, few || shown == 0);
    ++shown;
  }
  if (!report.records.empty()) {
    add_stream(page, report);
    add_repeatability(page, report);
  }
  return page.text();
}

}  // namespace

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
