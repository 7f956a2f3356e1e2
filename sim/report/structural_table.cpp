#include "sim/report/structural_table.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {

std::string structural_table(std::span<const StructuralCheck> checks) {
  using Align = TextTable::Align;
  std::string text;
  std::string unpredicted;
  for (std::size_t begin = 0; begin < checks.size();) {
    const std::string& check = checks[begin].check;
    TextTable table({{"operation, format", Align::Left},
                     {"rows"},
                     {"law median %"},
                     {"p90 %"},
                     {"all median %"},
                     {"p90 %"}});
    std::size_t end = begin;
    for (; end < checks.size() && checks[end].check == check; ++end) {
      const StructuralCheck& one = checks[end];
      if (one.unpredicted > 0) {
        unpredicted += fmt::format("  {} rows of {} {}: {}\n", format_count(one.unpredicted),
                                   one.op, one.dtype, check);
      }
      if (one.rows == 0) continue;
      table.add({one.op + " " + one.dtype, format_count(one.rows),
                 fmt::format("{:.2f}", one.law_median_percent),
                 fmt::format("{:.2f}", one.law_p90_percent),
                 fmt::format("{:.2f}", one.median_percent),
                 fmt::format("{:.2f}", one.p90_percent)});
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
      "median_ape_percent,p90_ape_percent\n";
  for (const StructuralCheck& one : checks) {
    text += fmt::format("\"{}\",{},{},{},{},{},{},{},{}\n", one.check, one.op, one.dtype, one.rows,
                        one.unpredicted, format_exact(one.law_median_percent),
                        format_exact(one.law_p90_percent), format_exact(one.median_percent),
                        format_exact(one.p90_percent));
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
                   {"p90_ape_percent", known(one.p90_percent)}});
  }
  const nlohmann::ordered_json document = {{"system", system}, {"checks", all}};
  return document.dump(2) + "\n";
}

}  // namespace helixsim
