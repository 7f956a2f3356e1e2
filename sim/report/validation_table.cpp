#include "sim/report/validation_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kShownOperations = 4;

std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  for (const std::string& line : wrap_words(text, kTerminalColumns - indent))
    out += std::string(indent, ' ') + line + "\n";
  return out;
}

std::string number(double value) {
  return fmt::format("{:.4g}", value);
}

std::string percent(double fraction) {
  return fmt::format("{:+.1f}", 100.0 * fraction);
}

std::string band_text(const MeasuredValue& value) {
  return value.band ? fmt::format("{:.3g}..{:.3g}", value.band->low, value.band->high) : "";
}

/// What makes our number, in words.
std::string explanation(const ValidationResult& result) {
  if (!result.predicted) return result.reason;
  const bool differs = result.value->over || !result.value->at;
  std::string text = differs ? "the steps differ by " : "most of the step: ";
  for (std::size_t i = 0; i < std::min(kShownOperations, result.operations.size()); ++i) {
    const OperationShare& one = result.operations[i];
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", one.name,
                        differs ? fmt::format("{:+.3g} ms", 1e3 * one.seconds)
                                : fmt::format("{:.0f} %", 100.0 * one.share));
  }
  return text;
}

/// Whether the published number lies within the interval of ours.
std::string interval_text(const ValidationResult& result) {
  if (!result.interval) return "";
  return result.within_interval() ? "in" : "out";
}

std::string values_table(const std::vector<ValidationResult>& results) {
  using Align = TextTable::Align;
  TextTable table({{"value", Align::Left},
                   {"unit", Align::Left},
                   {"theirs"},
                   {"ours"},
                   {"err %"},
                   {"band"},
                   {"verdict", Align::Left},
                   {"90%"}});
  for (const ValidationResult& result : results) {
    const MeasuredValue& value = *result.value;
    table.add({value.name, std::string(value.quantity->unit), number(value.published),
               result.predicted ? number(*result.predicted) : "none",
               result.predicted ? percent(result.error()) : "", band_text(value),
               std::string(name_of(result.verdict)), interval_text(result)});
  }
  return table.text();
}

std::string file_text(const ValidationReport& report) {
  std::string out = wrapped(report.file.title, 0);
  out += wrapped("source: " + report.file.source, 2);
  out += wrapped(report.file.soundness_text, 2) + "\n";
  out += values_table(report.results);
  for (const ValidationResult& result : report.results) {
    const bool untold = !result.predicted && result.verdict == ValidationVerdict::Reported;
    if (result.verdict == ValidationVerdict::Miss || (untold && report.file.unpredicted.empty()))
      out += wrapped(result.value->name + ": " + explanation(result), 2);
  }
  if (!report.file.unpredicted.empty())
    out += wrapped("nothing is predicted: " + report.file.unpredicted, 2);
  for (const std::string& line : report.file.not_modelled)
    out += wrapped("not modelled: " + line, 2);
  return out;
}

std::string count_text(const std::vector<ValidationReport>& reports, Soundness soundness,
                       const char* name) {
  int judged = 0;
  int within = 0;
  for (const ValidationReport& report : reports) {
    if (report.file.soundness != soundness) continue;
    for (const ValidationResult& result : report.results) {
      judged += result.verdict != ValidationVerdict::Reported ? 1 : 0;
      within += result.verdict == ValidationVerdict::Within ? 1 : 0;
    }
  }
  return fmt::format("{} {} of {}", name, within, judged);
}

std::string coverage_text(const std::vector<ValidationReport>& reports) {
  int known = 0;
  int within = 0;
  for (const ValidationReport& report : reports) {
    for (const ValidationResult& result : report.results) {
      if (!result.interval) continue;
      ++known;
      within += result.within_interval() ? 1 : 0;
    }
  }
  if (known == 0) return "";
  return fmt::format("published numbers within the 90 % interval of ours: {} of {}\n", within,
                     known);
}

nlohmann::ordered_json json_of(const ValidationResult& result) {
  const MeasuredValue& value = *result.value;
  nlohmann::ordered_json row{{"name", value.name},
                             {"quantity", value.quantity->name},
                             {"unit", value.quantity->unit},
                             {"measured", value.published},
                             {"predicted", nullptr},
                             {"error_percent", nullptr},
                             {"band", nullptr},
                             {"verdict", name_of(result.verdict)},
                             {"reason", result.reason},
                             {"where", result.where},
                             {"note", value.note}};
  if (result.predicted) {
    row["predicted"] = *result.predicted;
    row["error_percent"] = 100.0 * result.error();
  }
  if (value.band) row["band"] = {value.band->low, value.band->high};
  row["interval"] = nullptr;
  if (result.interval) row["interval"] = {result.interval->low, result.interval->high};
  row["operations"] = nlohmann::ordered_json::array();
  for (const OperationShare& one : result.operations)
    row["operations"].push_back(
        {{"name", one.name}, {"seconds", one.seconds}, {"share", one.share}});
  row["warnings"] = result.warnings;
  return row;
}

}  // namespace

std::string validation_table(const std::vector<ValidationReport>& reports) {
  std::string out;
  for (const ValidationReport& report : reports) out += file_text(report) + "\n";
  return out + "within their bands: " + count_text(reports, Soundness::Sound, "sound") + ", " +
         count_text(reports, Soundness::WithReserve, "with reserve") + ", " +
         count_text(reports, Soundness::Peer, "peer") + "\n" + coverage_text(reports);
}

std::string validation_json(const std::vector<ValidationReport>& reports) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const ValidationReport& report : reports) {
    nlohmann::ordered_json file{{"name", report.file.name},
                                {"title", report.file.title},
                                {"source", report.file.source},
                                {"soundness", report.file.soundness_text}};
    file["measured"] = nlohmann::ordered_json::array();
    for (const ValidationResult& result : report.results)
      file["measured"].push_back(json_of(result));
    file["not_modelled"] = report.file.not_modelled;
    files.push_back(std::move(file));
  }
  return nlohmann::ordered_json{{"validations", files}}.dump(2) + "\n";
}

std::string validation_csv(const std::vector<ValidationReport>& reports) {
  std::string out =
      "validation,name,quantity,unit,measured,predicted,error_percent,interval_low,"
      "interval_high,band_low,band_high,verdict,"
      "soundness,explanation,where,not_modelled\n";
  for (const ValidationReport& report : reports) {
    for (const ValidationResult& result : report.results) {
      const MeasuredValue& value = *result.value;
      out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                         csv_cell(report.file.name), csv_cell(value.name), value.quantity->name,
                         value.quantity->unit, value.published,
                         result.predicted ? fmt::format("{}", *result.predicted) : "",
                         result.predicted ? fmt::format("{}", 100.0 * result.error()) : "",
                         result.interval ? fmt::format("{}", result.interval->low) : "",
                         result.interval ? fmt::format("{}", result.interval->high) : "",
                         value.band ? fmt::format("{}", value.band->low) : "",
                         value.band ? fmt::format("{}", value.band->high) : "",
                         name_of(result.verdict), csv_cell(report.file.soundness_text),
                         csv_cell(explanation(result)), csv_cell(result.where),
                         csv_cell(fmt::format("{}", fmt::join(report.file.not_modelled, "; "))));
    }
  }
  return out;
}

bool sound_miss(const std::vector<ValidationReport>& reports) {
  return std::any_of(reports.begin(), reports.end(), [](const ValidationReport& report) {
    return report.file.soundness == Soundness::Sound &&
           std::any_of(report.results.begin(), report.results.end(),
                       [](const ValidationResult& result) {
                         return result.verdict == ValidationVerdict::Miss;
                       });
  });
}

}  // namespace helixsim
