#include "sim/report/layer_table.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "sim/report/layer_lines.hpp"
#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

std::string microseconds(double seconds) {
  return fmt::format("{:.1f}", 1e6 * seconds);
}

std::string or_dash(const std::optional<double>& value, bool sign) {
  if (!value) return "-";
  return sign ? fmt::format("{:+.1f}", *value) : fmt::format("{:.1f}", *value);
}

std::string predicted(const LayerLine& line) {
  return line.layer->predicted ? microseconds(*line.layer->predicted) : "-";
}

/// Empty where there is no line of the kind.
std::string layers_only(std::span<const LayerLine> lines) {
  using Align = TextTable::Align;
  TextTable table({{"layer", Align::Left}, {"us"}, {"law us"}, {"error %"}});
  bool any = false;
  for (const LayerLine& line : lines) {
    if (line.hop_b) continue;
    any = true;
    table.add({line.name, microseconds(line.layer->measured), predicted(line),
               or_dash(line.error, true)});
  }
  return any ? table.text() : "";
}

std::string hop_b_only(std::span<const LayerLine> lines) {
  using Align = TextTable::Align;
  TextTable table(
      {{"HOP-B on one GPU", Align::Left}, {"us"}, {"law us"}, {"gain %"}, {"law gain %"}});
  bool any = false;
  for (const LayerLine& line : lines) {
    if (!line.hop_b) continue;
    any = true;
    table.add({line.name, microseconds(line.layer->measured), predicted(line),
               or_dash(line.gain, false), or_dash(line.gain_by_law, false)});
  }
  return any ? table.text() : "";
}

std::string parts_text(const LayerLine& line) {
  using Align = TextTable::Align;
  TextTable table({{"kernel", Align::Left}, {"predicted us"}});
  for (const LayerPart& part : line.layer->parts)
    table.add({part.kernel, fmt::format("{:.2f}", 1e6 * part.seconds)});
  return fmt::format("\n{}\n{}", line.name, table.text());
}

}  // namespace

std::string layer_table(std::span<const LayerPrediction> layers, bool parts) {
  const std::vector<LayerLine> lines = layer_lines(layers);
  std::string text = layers_only(lines);
  const std::string studies = hop_b_only(lines);
  if (!text.empty() && !studies.empty()) text += '\n';
  text += studies;
  for (const LayerLine& line : lines) {
    if (parts && line.layer->predicted) text += parts_text(line);
  }
  const std::vector<std::string> missing = missing_of(layers);
  if (missing.empty()) return text;
  const std::string all = fmt::format(
      "No law or record of {}; calibrate fit --records writes laws of kernels that records have.",
      fmt::join(missing, ", "));
  text += '\n';
  for (const std::string& line : wrap_words(all, kTerminalColumns)) text += line + '\n';
  return text;
}

std::string layer_csv(std::span<const LayerPrediction> layers) {
  std::string text =
      "key,measured_us,predicted_us,error_percent,gain_percent,predicted_gain_percent\n";
  for (const LayerLine& line : layer_lines(layers)) {
    const LayerPrediction& layer = *line.layer;
    const auto or_empty = [](const std::optional<double>& value) {
      return value ? format_exact(*value) : "";
    };
    text += fmt::format("{},{},{},{},{},{}\n", csv_cell(layer.key.text()),
                        format_exact(1e6 * layer.measured),
                        layer.predicted ? format_exact(1e6 * *layer.predicted) : "",
                        or_empty(line.error), or_empty(line.gain), or_empty(line.gain_by_law));
  }
  return text;
}

std::string layer_json(std::span<const LayerPrediction> layers) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const LayerLine& line : layer_lines(layers)) {
    const LayerPrediction& layer = *line.layer;
    nlohmann::ordered_json parts = nlohmann::ordered_json::array();
    for (const LayerPart& part : layer.parts)
      parts.push_back({{"kernel", part.kernel}, {"us", 1e6 * part.seconds}});
    nlohmann::ordered_json one = {
        {"kernel", layer.key.kernel}, {"variant", layer.key.variant},
        {"shape", layer.key.shape},   {"measured_us", 1e6 * layer.measured},
        {"predicted_us", nullptr},    {"parts", parts},
        {"missing", layer.missing}};
    if (layer.predicted) one["predicted_us"] = 1e6 * *layer.predicted;
    if (line.gain) one["gain_percent"] = *line.gain;
    if (line.gain_by_law) one["predicted_gain_percent"] = *line.gain_by_law;
    all.push_back(std::move(one));
  }
  return nlohmann::ordered_json{{"layers", all}}.dump(2) + "\n";
}

}  // namespace helixsim
