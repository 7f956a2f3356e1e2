#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/calibration/repeatability.hpp"
#include "sim/calibration/stream_fraction.hpp"
#include "sim/report/calibration_report.hpp"
#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

using Json = nlohmann::ordered_json;

/// Null for what JSON has no number for.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json error_json(const LawError& error) {
  return {{"median_percent", error.median_percent}, {"p90_percent", error.p90_percent}};
}

std::string percents(const LawError& error) {
  return fmt::format("{:.1f}/{:.1f}", error.median_percent, error.p90_percent);
}

Json parameters_json(const FamilyStudy& family) {
  Json all = Json::object();
  for (std::size_t p = 0; p < family.parameters.size(); ++p) {
    const StudiedParameter& parameter = family.parameters[p];
    const ParameterIdentity& identity = family.identity.parameters[p];
    Json profile = Json::array();
    for (const ProfilePoint& point : identity.profile) {
      profile.push_back({point.value / parameter.scale, point.rise});
    }
    all[parameter.name] = {
        {"value", parameter.value / parameter.scale},
        {"unit", parameter.unit},
        {"error_percent", number(100.0 * identity.log_error)},
        {"low", identity.low_open ? Json() : Json(identity.low / parameter.scale)},
        {"high", identity.high_open ? Json() : Json(identity.high / parameter.scale)},
        {"flags", identity_flags(family, p)},
        {"profile", profile}};
  }
  return all;
}

Json family_json(const FamilyStudy& family, const HeldOutAims& aims) {
  const Identifiability& identity = family.identity;
  Json names = Json::array();
  Json correlation = Json::array();
  for (std::size_t i = 0; i < identity.free.size(); ++i) {
    names.push_back(family.parameters[identity.free[i]].name);
    Json row = Json::array();
    for (std::size_t j = 0; j < identity.free.size(); ++j) {
      row.push_back(number(identity.correlation[i * identity.free.size() + j]));
    }
    correlation.push_back(row);
  }
  Json json = {{"rows", family.rows},
               {"judged_rows", family.held_out.size()},
               {"in_turn", family.in_turn},
               {"error", error_json(family.error)},
               {"law_alone", error_json(family.law_error)},
               {"parameters", parameters_json(family)},
               {"correlated", names},
               {"correlation", correlation},
               {"condition", number(identity.condition)}};
  if (aims.any()) json["meets_aims"] = aims.met_by(family.error);
  return json;
}

}  // namespace

std::vector<const FamilyStudy*> missed_aims(const CalibrationReport& report) {
  std::vector<const FamilyStudy*> missed;
  if (!report.aims.any()) return missed;
  for (const FamilyStudy& family : report.study.families) {
    if (!report.aims.met_by(family.error)) missed.push_back(&family);
  }
  return missed;
}

std::string identity_flags(const FamilyStudy& family, std::size_t parameter) {
  const ParameterIdentity& one = family.identity.parameters[parameter];
  std::string text;
  const auto add = [&](const std::string& flag) { text += (text.empty() ? "" : ", ") + flag; };
  if (one.pinned) add("pinned");
  if (one.at_bound) add("at its bound");
  if (one.uncertain && !one.pinned) add("error > 10 %");
  if (one.tied_to >= 0) {
    add(fmt::format("tied to {} ({:.3f})",
                    family.parameters[static_cast<std::size_t>(one.tied_to)].name, one.tied));
  }
  if (!one.pinned && (one.low_open || one.high_open)) add("interval open");
  const double value = family.parameters[parameter].value;
  if (value < one.low || value > one.high) add("outside of its interval");
  return text;
}

std::string calibration_table(const CalibrationReport& report) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns{
      {"kernel family", Align::Left}, {"rows"}, {"held out"}, {"law %"}, {"all %"}};
  if (report.aims.any()) columns.push_back({"aims", Align::Left});
  TextTable errors(columns);
  TextTable told(
      {{"kernel family", Align::Left}, {"condition"}, {"pinned"}, {"told badly", Align::Left}});
  for (const FamilyStudy& family : report.study.families) {
    std::vector<std::string> row{
        family.family, format_count(family.rows),
        format_count(std::ssize(family.held_out)) + (family.in_turn ? " in turn" : ""),
        percents(family.law_error), percents(family.error)};
    if (report.aims.any()) row.push_back(report.aims.met_by(family.error) ? "met" : "missed");
    errors.add(std::move(row));
    std::string badly;
    for (std::size_t p = 0; p < family.parameters.size(); ++p) {
      if (family.identity.parameters[p].pinned || identity_flags(family, p).empty()) continue;
      badly += (badly.empty() ? "" : ", ") + family.parameters[p].name;
    }
    told.add({family.family, fmt::format("{:.3g}", family.identity.condition),
              format_count(std::ssize(family.parameters) - std::ssize(family.identity.free)),
              badly});
  }
  return errors.text() +
         "Errors are median/90th percentile on rows held out (none: on those of the fit),\n"
         "of the law alone, and of all, the law with its table of residuals.\n\n" +
         told.text() +
         "Condition number of the parameters that are fitted; pinned ones are not told by\n"
         "the rows at all, those told badly by little.\n";
}

std::string held_out_csv(const CalibrationReport& report) {
  std::string text =
      "system,family,shape,in_turn,bytes,measured_us,predicted_us,law_alone_us,error_percent,"
      "region,splits,waves\n";
  for (const FamilyStudy& family : report.study.families) {
    for (const HeldOutRow& row : family.held_out) {
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_cell(report.name),
                          csv_cell(family.family), csv_cell(row.shape), family.in_turn ? 1 : 0,
                          format_exact(row.bytes), format_exact(1e6 * row.measured),
                          format_exact(1e6 * row.predicted), format_exact(1e6 * row.law_alone),
                          format_exact(row.error_percent()), name_of(row.region), row.splits,
                          row.waves);
    }
  }
  return text;
}

std::string parameters_csv(const CalibrationReport& report) {
  std::string text = "system,family,parameter,unit,value,error_percent,low,high,flags\n";
  for (const FamilyStudy& family : report.study.families) {
    for (std::size_t p = 0; p < family.parameters.size(); ++p) {
      const StudiedParameter& parameter = family.parameters[p];
      const ParameterIdentity& identity = family.identity.parameters[p];
      const auto end = [&](double value, bool open) {
        return open ? std::string() : format_exact(value / parameter.scale);
      };
      text += fmt::format(
          "{},{},{},{},{},{},{},{},{}\n", csv_cell(report.name), csv_cell(family.family),
          parameter.name, parameter.unit, format_exact(parameter.value / parameter.scale),
          format_exact(100.0 * identity.log_error), end(identity.low, identity.low_open),
          end(identity.high, identity.high_open), csv_cell(identity_flags(family, p)));
    }
  }
  return text;
}

std::string stream_csv(const CalibrationReport& report) {
  std::string text =
      "kernel,variant,impl,shape,dtype,bytes,median_us,spread_percent,bytes_per_s,"
      "fraction_of_read_stream,fraction_of_data_sheet\n";
  for (const StreamFraction& one : stream_fractions(report.records)) {
    const MeasuredRecord& record = *one.record;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_cell(record.key.kernel),
                        csv_cell(record.key.variant), csv_cell(record.key.impl),
                        csv_cell(Json(record.key.shape).dump()),
                        csv_cell(Json(record.key.dtype).dump()), format_exact(record.bytes),
                        format_exact(record.timing.median_us), format_exact(spread_percent(record)),
                        format_exact(one.rate), format_exact(one.fraction),
                        format_exact(one.rate / report.data_sheet_bandwidth));
  }
  return text;
}

std::string calibration_json(const CalibrationReport& report) {
  Json families = Json::object();
  for (const FamilyStudy& family : report.study.families) {
    families[family.family] = family_json(family, report.aims);
  }
  Json spreads = Json::object();
  for (const Repeatability& one : repeatability(report.records)) {
    spreads[one.kernel] = {{"records", one.records},
                           {"suspect", one.suspect},
                           {"median_percent", one.median_percent},
                           {"p90_percent", one.p90_percent},
                           {"worst_percent", one.worst_percent},
                           {"measured_again", one.again}};
    if (one.again == 0) continue;
    spreads[one.kernel]["medians_apart"] = {{"median_percent", one.again_median_percent},
                                            {"p90_percent", one.again_p90_percent}};
  }
  const Json document = {{"format", "helixsim/calibration_report/1"},
                         {"system", report.name},
                         {"families", families},
                         {"spread", spreads}};
  return document.dump(1) + "\n";
}

}  // namespace helixsim
