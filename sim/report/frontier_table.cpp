#include "sim/report/frontier_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hw_models/time_error.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kRowsOfFrontier = 12;

/// "1.51x", with half of its 90 % interval in percent where the error of the ratio is known.
std::string relative(double value, const std::optional<double>& unit,
                     const std::optional<double>& log_sd) {
  if (!unit) return {};
  const std::string ratio = fmt::format("{:.2f}x", value / *unit);
  return log_sd && *log_sd > 0.0
             ? fmt::format("{} +-{:.0f}%", ratio, 100.0 * std::expm1(kNormal95 * *log_sd))
             : ratio;
}

std::string chunks_text(const ReportPoint& point) {
  return point.chunks > 1 ? std::to_string(point.chunks) : "off";
}

std::string title_of(const ReportView& view) {
  return fmt::format("{}{} at {} tokens", view.run.empty() ? "" : view.run + ": ", view.model_title,
                     format_tokens(view.context));
}

/// The two ends of every frontier.
std::string ends_table(const ReportView& view) {
  using Align = TextTable::Align;
  TextTable table({{"frontier", Align::Left},
                   {"tok/s/user"},
                   {"vs base"},
                   {"tok/s/GPU"},
                   {"vs base"},
                   {"layout of fast end", Align::Left}});
  for (const auto& [name, indices] : view.frontiers) {
    if (indices.empty()) {
      table.add({name, "-", "", "-", "", "nothing feasible"});
      continue;
    }
    const ReportPoint& fast = view.points[static_cast<std::size_t>(indices.front())];
    const ReportPoint& dense = view.points[static_cast<std::size_t>(indices.back())];
    const ReportLayout& layout = view.layouts[static_cast<std::size_t>(fast.layout)];
    const FrontierErrors* known = name == "baseline" ? nullptr : view.errors_of(name);
    const FrontierErrors errors = known != nullptr ? *known : FrontierErrors{};
    table.add({name, fmt::format("{:.4g}", view.interactivity(fast)),
               relative(view.interactivity(fast), view.interactivity_max, errors.fast_ratio_log_sd),
               fmt::format("{:.4g}", view.throughput(dense)),
               relative(view.throughput(dense), view.throughput_max, errors.dense_ratio_log_sd),
               name == layout.strategy ? to_text(layout.layout)
                                       : layout.strategy + " " + to_text(layout.layout)});
  }
  if (view.errors.empty() || !view.interactivity_max) return table.text();
  return table.text() +
         "vs base: the ratio, with 90 % probability; errors that both share cancel\n";
}

/// Half of a 90 % interval, in percent; marked where the order of neighbours may be another.
std::string error_text(const FrontierErrors& errors, std::size_t place) {
  return fmt::format("{}{:.0f}%", errors.is_unsure(place) ? "~" : "",
                     100.0 * std::expm1(kNormal95 * errors.log_sd[place]));
}

/// Some points of one frontier from its fast end on.
std::string frontier_rows(const ReportView& view, const std::string& name) {
  const std::vector<int>* indices = view.frontier(name);
  if (indices == nullptr || indices->empty()) return {};
  const FrontierErrors* errors = view.errors_of(name);
  std::vector<TextTable::Column> columns{{"tok/s/user"},
                                         {"tok/s/GPU"},
                                         {"TTL"},
                                         {"batch"},
                                         {"HOP-B"},
                                         {"GB"},
                                         {"layout", TextTable::Align::Left}};
  if (errors != nullptr) columns.insert(columns.begin() + 3, {"+-"});
  TextTable table(std::move(columns));
  const std::size_t rows = std::min(kRowsOfFrontier, indices->size());
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t at = rows == 1 ? 0 : r * (indices->size() - 1) / (rows - 1);
    const ReportPoint& point = view.points[static_cast<std::size_t>((*indices)[at])];
    const Layout& layout = view.layouts[static_cast<std::size_t>(point.layout)].layout;
    std::vector<std::string> row{fmt::format("{:.4g}", view.interactivity(point)),
                                 fmt::format("{:.4g}", view.throughput(point)),
                                 format_time(Seconds(point.ttl_us * 1e-6)),
                                 std::to_string(point.batch),
                                 chunks_text(point),
                                 fmt::format("{:.1f}", point.memory_gb),
                                 to_text(layout)};
    if (errors != nullptr) row.insert(row.begin() + 3, error_text(*errors, at));
    table.add(std::move(row));
  }
  std::string out =
      fmt::format("{} frontier, {} of {} points\n", name, rows, indices->size()) + table.text();
  if (errors != nullptr) {
    out += "+-: of the TTL, with 90 % probability; ~ its order with a neighbour is within it\n";
  }
  return out;
}

}  // namespace

std::string counts_sentence(const SearchCounts& counts) {
  const std::string pruned =
      counts.pruned ? fmt::format(", {} pruned", format_count(*counts.pruned)) : "";
  return fmt::format(
      "{} points simulated{}, {} infeasible, {} invalid\n(infeasible: {} KV cache, {} weights)",
      format_count(counts.simulated), pruned, format_count(counts.infeasible()),
      format_count(counts.invalid), format_count(counts.infeasible_kv_cache),
      format_count(counts.infeasible_weights));
}

double figure_context(const ReportData& data) {
  double longest = 0.0;
  for (const ReportView& view : data.views) {
    if (view.context == 1e6 && !view.points.empty()) return 1e6;
    if (!view.points.empty()) longest = std::max(longest, view.context);
  }
  return longest;
}

std::string frontier_tables(const ReportData& data) {
  std::string out;
  for (const ReportView& view : data.views) {
    out += title_of(view) + "\n" + ends_table(view) + "\n";
    if (view.context == figure_context(data)) {
      const std::string rows =
          frontier_rows(view, view.frontier("helix") != nullptr ? "helix" : "overall");
      if (!rows.empty()) out += rows + "\n";
    }
  }
  return out;
}

}  // namespace helixsim
