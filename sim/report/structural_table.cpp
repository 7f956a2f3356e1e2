#include "sim/report/structural_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

/// Of transfers alone it is known which rows lie in the intervals of their predictions.
bool has_intervals(const StructuralCheck& check) {
  return check.inside_percent >= 0.0;
}

}  // namespace

std::string structural_table(std::span<const StructuralCheck> checks) {
  using Align = TextTable::Align;
  std::string text;
  std::string unpredicted;
  for (std::size_t begin = 0; begin < checks.size();) {
    const std::string& check = checks[begin].check;
    std::vector<TextTable::Column> columns = {{"operation, format", Align::Left},
                                              {"rows"},
                                              {"law median %"},
                                              {"p90 %"},
                                              {"all median %"},
                                              {"p90 %"}};
    const bool intervals = std::any_of(
        checks.begin(), checks.end(),
        [&](const StructuralCheck& one) { return one.check == check && has_intervals(one); });
    if (intervals) columns.push_back({"in 90 %"});
    TextTable table(std::move(columns));
    std::size_t end = begin;
    for (; end < checks.size() && checks[end].check == check; ++end) {
      const StructuralCheck& one = checks[end];
      if (one.unpredicted > 0) {
        unpredicted += fmt::format("  {} rows of {} {}: {}\n", format_count(one.unpredicted),
                                   one.op, one.dtype, check);
      }
      if (one.rows == 0) continue;
      std::vector<std::string> row = {one.op + " " + one.dtype, format_count(one.rows)};
      for (const double percent :
           {one.law_median_percent, one.law_p90_percent, one.median_percent, one.p90_percent}) {
        row.push_back(fmt::format("{:.2f}", percent));
      }
      if (intervals)
        row.push_back(has_intervals(one) ? fmt::format("{:.1f}", one.inside_percent) : "");
      table.add(std::move(row));
    }
    text += fmt::format("{}{}\n{}", text.empty() ? "" : "\n", check, table.text());
    begin = end;
  }
  if (!unpredicted.empty()) text += "\nWithout a law:\n" + unpredicted;
  return text;
}

std::string structural_csv(std::span<const StructuralCheck> checks) {
  std::string text =
      "check,op,dtype,rows,unpredicted,law_median_ape_percent,law_p90_ape_percent,"
      "median_ape_percent,p90_ape_percent,inside_interval_percent\n";
  for (const StructuralCheck& one : checks) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_cell(one.check), csv_cell(one.op),
                        csv_cell(one.dtype), one.rows, one.unpredicted,
                        format_exact(one.law_median_percent), format_exact(one.law_p90_percent),
                        format_exact(one.median_percent), format_exact(one.p90_percent),
                        has_intervals(one) ? format_exact(one.inside_percent) : "");
  }
  return text;
}

std::string structural_json(const std::string& system, std::span<const StructuralCheck> checks) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const StructuralCheck& one : checks) {
    const auto known = [&](double percent) {
      return one.rows > 0 ? nlohmann::ordered_json(percent) : nlohmann::ordered_json();
    };
    all.push_back({{"check", one.check},
                   {"op", one.op},
                   {"dtype", one.dtype},
                   {"rows", one.rows},
                   {"unpredicted", one.unpredicted},
                   {"law_median_ape_percent", known(one.law_median_percent)},
                   {"law_p90_ape_percent", known(one.law_p90_percent)},
                   {"median_ape_percent", known(one.median_percent)},
                   {"p90_ape_percent", known(one.p90_percent)},
                   {"inside_interval_percent",
                    has_intervals(one) ? known(one.inside_percent) : nlohmann::ordered_json()}});
  }
  const nlohmann::ordered_json document = {{"system", system}, {"checks", all}};
  return document.dump(2) + "\n";
}

}  // namespace helixsim
