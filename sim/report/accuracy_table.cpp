#include "sim/report/accuracy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double value) {
  return fmt::format("{:.2f}", value);
}

bool shown(const AccuracyGroup& group) {
  return group.kernel == "all" || group.region == "all";
}

Json group_json(const AccuracyGroup& group) {
  Json one = {{"op", group.op},
              {"dtype", group.dtype},
              {"kernel", group.kernel},
              {"region", group.region},
              {"rows", group.rows},
              {"unpredicted", group.unpredicted},
              {"median_ape_percent", nullptr},
              {"mean_ape_percent", nullptr},
              {"p90_ape_percent", nullptr}};
  if (group.rows > 0) {
    one["median_ape_percent"] = group.median_ape_percent;
    one["mean_ape_percent"] = group.mean_ape_percent;
    one["p90_ape_percent"] = group.p90_ape_percent;
  }
  if (!group.reason.empty()) one["reason"] = group.reason;
  return one;
}

template <class Law>
void add_fits(const FittedLaws& laws, TextTable& table) {
  for (const auto& [family, fitted] : of_law<Law, FittedLaw>(laws.laws)) {
    const auto pinned =
        std::count_if(fitted.fits.begin(), fitted.fits.end(), [](auto& fit) { return fit.pinned; });
    std::size_t nodes = 0;
    for (const ResidualTable& residuals : fitted.residuals) nodes += residuals.values().size();
    table.add(
        {family, format_count(fitted.rows), format_count(std::ssize(fitted.fits) - pinned),
         format_count(static_cast<long long>(nodes)),
         fmt::format("{:.1f}/{:.1f}", fitted.law_error.median_percent,
                     fitted.law_error.p90_percent),
         fmt::format("{:.1f}/{:.1f}", fitted.error.median_percent, fitted.error.p90_percent)});
  }
}

}  // namespace

std::string accuracy_table(const Accuracy& accuracy) {
  using Align = TextTable::Align;
  TextTable table({{"operation, format", Align::Left},
                   {"region", Align::Left},
                   {"rows"},
                   {"median %"},
                   {"mean %"},
                   {"p90 %"}});
  std::string unpredicted;
  for (const AccuracyGroup& group : accuracy.groups) {
    if (group.unpredicted > 0) {
      unpredicted += fmt::format("  {} rows of {} {} {}: {}\n", format_count(group.unpredicted),
                                 group.op, group.dtype, group.kernel, group.reason);
      continue;
    }
    if (!shown(group)) continue;
    const bool head = group.kernel == "all" && group.region == "all";
    table.add({head                    ? group.op + " " + group.dtype
               : group.kernel == "all" ? ""
                                       : "  " + group.kernel,
               group.region, format_count(group.rows), percent(group.median_ape_percent),
               percent(group.mean_ape_percent), percent(group.p90_ape_percent)});
  }
  std::string text = table.text();
  if (!unpredicted.empty()) text += "\nNot predicted:\n" + unpredicted;
  return text;
}

std::string accuracy_csv(std::span<const ScoredSystem> systems) {
  std::string text =
      "system,op,dtype,kernel,region,rows,unpredicted,median_ape_percent,mean_ape_percent,"
      "p90_ape_percent\n";
  for (const ScoredSystem& system : systems) {
    for (const AccuracyGroup& group : system.accuracy.groups) {
      text +=
          fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_cell(system.name), csv_cell(group.op),
                      csv_cell(group.dtype), csv_cell(group.kernel), group.region, group.rows,
                      group.unpredicted, format_exact(group.median_ape_percent),
                      format_exact(group.mean_ape_percent), format_exact(group.p90_ape_percent));
    }
  }
  return text;
}

std::string accuracy_json(std::span<const ScoredSystem> systems) {
  Json all = Json::array();
  for (const ScoredSystem& system : systems) {
    Json groups = Json::array();
    for (const AccuracyGroup& group : system.accuracy.groups) groups.push_back(group_json(group));
    all.push_back({{"system", system.name}, {"groups", groups}});
  }
  return (all.size() == 1 ? all[0] : all).dump(2) + "\n";
}

std::string fit_table(const FittedLaws& laws) {
  TextTable table({{"kernel family", TextTable::Align::Left},
                   {"rows"},
                   {"fit"},
                   {"nodes"},
                   {"law %"},
                   {"all %"}});
  for_each_law([&]<class Law>() { add_fits<Law>(laws, table); });
  return table.text() +
         "fit: parameters that the rows tell; nodes: of tables of residuals. Errors are\n"
         "median/90th percentile on a fifth of the rows, or on each of fewer than 20 in\n"
         "turn, which the fit that they judge did not see: of the law alone, and of all,\n"
         "the law with its table of residuals.\n";
}

}  // namespace helixsim
