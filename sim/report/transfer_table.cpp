#include "sim/report/transfer_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

/// A law of the result: moved or the GPU's own.
struct LawLine {
  std::string family;
  std::string from;                          ///< empty: of the GPU itself
  const AnchoredFamily* anchored = nullptr;  ///< null: nothing of it was measured
};

std::vector<LawLine> lines_of(const AnchoredLaws& moved) {
  std::vector<LawLine> lines;
  for_each_law([&]<class Law>() {
    for (const auto& [name, law] : of_law<Law, FittedLaw>(moved.laws.laws)) {
      LawLine line{.family = name, .from = law.transferred_from};
      const auto found =
          std::find_if(moved.families.begin(), moved.families.end(),
                       [&](const AnchoredFamily& one) { return one.family == line.family; });
      if (!line.from.empty() && found != moved.families.end()) line.anchored = &*found;
      lines.push_back(std::move(line));
    }
  });
  return lines;
}

std::string errors(const LawError& error) {
  return fmt::format("{:.1f} / {:.1f}", error.median_percent, error.p90_percent);
}

}  // namespace

std::string transfer_table(const AnchoredLaws& moved) {
  TextTable table(
      {{"kernel family", TextTable::Align::Left}, {"measured"}, {"moved med/p90 %"}, {"refitted"}});
  long long anchored = 0;
  long long only_moved = 0;
  long long own = 0;
  for (const LawLine& line : lines_of(moved)) {
    (line.from.empty() ? own : line.anchored != nullptr ? anchored : only_moved) += 1;
    if (line.anchored == nullptr) continue;
    table.add({line.family, format_count(line.anchored->anchors), errors(line.anchored->before),
               errors(line.anchored->after)});
  }
  std::string text;
  if (anchored > 0) text = table.text() + "\n";
  text +=
      fmt::format("{} families moved by the data sheet, {} of them then refitted; {} of its own.\n",
                  format_count(only_moved + anchored), format_count(anchored), format_count(own));
  const auto add = [&](const std::string& why, const std::vector<std::string>& families) {
    if (families.empty()) return;
    const std::string all = fmt::format("{}: {}.", why, fmt::join(families, ", "));
    for (const std::string& line : wrap_words(all, kTerminalColumns)) text += line + '\n';
  };
  add("Measured and not used, as the GPU has a law of its own", moved.own);
  add("Measured and not used, as no law is moved (calibrate fit makes one)", moved.without_law);
  return text;
}

std::string transfer_csv(const AnchoredLaws& moved) {
  std::string text =
      "family,moved_from,measured,moved_median_percent,moved_p90_percent,refitted_median_percent,"
      "refitted_p90_percent\n";
  for (const LawLine& line : lines_of(moved)) {
    text += fmt::format("{},{}", csv_cell(line.family), csv_cell(line.from));
    if (line.anchored == nullptr) {
      text += ",0,,,,\n";
      continue;
    }
    const auto& [family, count, before, after] = *line.anchored;
    text += fmt::format(",{},{},{},{},{}\n", count, format_exact(before.median_percent),
                        format_exact(before.p90_percent), format_exact(after.median_percent),
                        format_exact(after.p90_percent));
  }
  return text;
}

std::string transfer_json(const AnchoredLaws& moved) {
  using Json = nlohmann::ordered_json;
  const auto error = [](const LawError& of) {
    return Json{{"median_percent", of.median_percent}, {"p90_percent", of.p90_percent}};
  };
  Json families = Json::array();
  for (const LawLine& line : lines_of(moved)) {
    Json one = {{"family", line.family},
                {"moved_from", line.from.empty() ? Json() : Json(line.from)}};
    if (line.anchored != nullptr) {
      one["measured"] = line.anchored->anchors;
      one["moved"] = error(line.anchored->before);
      one["refitted"] = error(line.anchored->after);
    }
    families.push_back(std::move(one));
  }
  const Json all = {{"system", moved.laws.system},
                    {"families", families},
                    {"own", moved.own},
                    {"without_law", moved.without_law}};
  return all.dump(2) + "\n";
}

}  // namespace helixsim
