#include <fmt/format.h>

#include <map>
#include <set>

#include "sim/calibration/log_errors.hpp"
#include "sim/calibration/repeatability.hpp"
#include "sim/calibration/stream_fraction.hpp"
#include "sim/report/calibration_sections.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr double kLargeBytes = 64e6;  // from which a kernel should reach the stream

using ByKernel = std::map<std::string, std::vector<const StreamFraction*>>;

std::string body_of(const MeasuredRecord& record) {
  return record.key.variant + (record.key.impl == "lib" ? " (library)" : "");
}

void add_stream_plot(HtmlPage& page, const std::string& kernel,
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
         .title = fmt::format("{}: {:.2f} TB/s, {:.3f} of the stream", cell_label(record.key),
                              all[i]->rate / 1e12, all[i]->fraction)});
  }
  plot.x = logarithmic_axis("bytes", bytes, bytes_label);
  plot.y = linear_axis("fraction of the read stream", 0.0, most, plain_label);
  plot.levels = {1.0};
  page.add("<div class=\"plot-of\"><h4>{}</h4>", html_escaped(kernel));
  page.key(key);
  page.add("{}</div>\n", scatter_svg(plot));
}

void add_stream_rows(HtmlPage& page, const CalibrationReport& report, const std::string& kernel,
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

void add_anchors(HtmlPage& page, const ByKernel& kernels) {
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

/// The record whose repetitions differ most.
std::string worst_label(const CalibrationReport& report, const Repeatability& kernel) {
  for (const MeasuredRecord& record : report.records) {
    if (record.key.kernel == kernel.kernel && record.key.text() == kernel.worst)
      return cell_label(record.key);
  }
  return kernel.worst;
}

}  // namespace

void add_stream(HtmlPage& page, const CalibrationReport& report) {
  const std::vector<StreamFraction> fractions = stream_fractions(report.records);
  page.add("<section><div class=\"section-head\"><h2>Fraction of the read stream</h2></div>\n");
  if (fractions.empty()) {
    page.paragraph("note", "No read stream was measured with these records.");
    page.add("</section>\n");
    return;
  }
  std::map<std::string, double> streams;  // of each GPU
  for (const StreamFraction& one : fractions) {
    const std::string& gpu = one.record->gpu.uuid_hash;
    if (!streams.contains(gpu)) streams[gpu] = read_stream(report.records, gpu);
  }
  std::string rates;
  for (const auto& [gpu, stream] : streams)
    rates += fmt::format("{}{:.3f} TB/s, {:.3f} of the data sheet", rates.empty() ? "" : "; ",
                         stream / 1e12, stream / report.data_sheet_bandwidth);
  page.paragraph("note",
                 fmt::format("The least bytes of a kernel over its own time (gap between kernels "
                             "taken off), beside what the same GPU read: {}. Kernels bound by "
                             "arithmetic stay below.",
                             rates));
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

void add_repeatability(HtmlPage& page, const CalibrationReport& report) {
  page.add("<section><div class=\"section-head\"><h2>Repeatability</h2></div>\n");
  page.paragraph(
      "note",
      "(p90 - p10) / median over the repetitions of a record; and how far medians of one "
      "cell lie apart where it was measured again, in another run.");
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
                           .title = fmt::format("{} {}: {:.2f} %", record.key.kernel,
                                                cell_label(record.key), spread)});
  }
  plot.x = logarithmic_axis("time", times, time_label);
  plot.y = linear_axis("spread", 0.0, most, percent_label);
  page.key({{"series0", "holds"}, {"series1", "suspect: the GPU was not at its usual rate"}});
  page.add("<div class=\"plots\">\n");
  page.plot("Spread against time", plot);
  page.add("</div>\n");
  page.table_head({"kernel", "#records", "#suspect", "#median %", "#p90 %", "#worst %",
                   "#measured again", "#medians apart, median / p90 %", "worst record"});
  for (const Repeatability& one : repeatability(report.records)) {
    page.row({html_escaped(one.kernel), format_count(one.records), format_count(one.suspect),
              percent_cell(one.median_percent), percent_cell(one.p90_percent),
              percent_cell(one.worst_percent), format_count(one.again),
              one.again > 0 ? percent_cell(one.again_median_percent) + " / " +
                                  percent_cell(one.again_p90_percent)
                            : "",
              "<span class=\"soft\">" + html_escaped(worst_label(report, one)) + "</span>"});
  }
  page.table_end();
  page.add("</section>\n");
}

}  // namespace helixsim
