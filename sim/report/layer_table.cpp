#include "sim/report/layer_table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "sim/calibration/datasets/own_kernels.hpp"
#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

/// What a line is of, in the words of layouts.
std::string name_of(const CellKey& key) {
  if (key.kernel == "hop_b")
    return fmt::format("B{} S{} chunks {} copy {:.3g} MB", shape_number(key, "b"),
                       format_count(shape_number(key, "s")), shape_number(key, "chunks"),
                       1e-6 * static_cast<double>(shape_number(key, "copy")));
  return fmt::format("{} TPA{} KVP{} B{} S{}{}", key.variant, shape_number(key, "tpa"),
                     shape_number(key, "kvp"), shape_number(key, "b"),
                     format_count(shape_number(key, "s")),
                     shape_number(key, "pdl") == 1 ? ", PDL" : "");
}

std::string microseconds(double seconds) {
  return fmt::format("{:.1f}", 1e6 * seconds);
}

/// Predicted over measured, in percent of it.
std::optional<double> error_percent(const LayerPrediction& layer) {
  if (!layer.predicted || layer.measured <= 0.0) return std::nullopt;
  return 100.0 * (*layer.predicted / layer.measured - 1.0);
}

/// The study that chunks are of.
CellKey without_chunks(CellKey key) {
  key.shape.erase("chunks");
  key.shape.erase("split_each");
  return key;
}

/// The same study in one chunk; null when it was not measured.
const LayerPrediction* uncut(const LayerPrediction& of, std::span<const LayerPrediction> all) {
  for (const LayerPrediction& other : all) {
    if (shape_number(other.key, "chunks") == 1 &&
        without_chunks(other.key) == without_chunks(of.key))
      return &other;
  }
  return nullptr;
}

std::string gain_percent(double time, double whole) {
  return fmt::format("{:.1f}", 100.0 * (1.0 - time / whole));
}

TextTable layers_only(std::span<const LayerPrediction> layers) {
  using Align = TextTable::Align;
  TextTable table({{"layer", Align::Left}, {"us"}, {"law us"}, {"error %"}});
  for (const LayerPrediction& layer : layers) {
    if (layer.key.kernel == "hop_b") continue;
    const auto error = error_percent(layer);
    table.add({name_of(layer.key), microseconds(layer.measured),
               layer.predicted ? microseconds(*layer.predicted) : "-",
               error ? fmt::format("{:+.1f}", *error) : "-"});
  }
  return table;
}

TextTable hop_b_only(std::span<const LayerPrediction> layers) {
  using Align = TextTable::Align;
  TextTable table(
      {{"HOP-B on one GPU", Align::Left}, {"us"}, {"law us"}, {"gain %"}, {"law gain %"}});
  for (const LayerPrediction& layer : layers) {
    if (layer.key.kernel != "hop_b") continue;
    const LayerPrediction* whole = uncut(layer, layers);
    const bool both = whole != nullptr && whole->predicted && layer.predicted;
    table.add({name_of(layer.key), microseconds(layer.measured),
               layer.predicted ? microseconds(*layer.predicted) : "-",
               whole != nullptr ? gain_percent(layer.measured, whole->measured) : "-",
               both ? gain_percent(*layer.predicted, *whole->predicted) : "-"});
  }
  return table;
}

std::string parts_text(const LayerPrediction& layer) {
  using Align = TextTable::Align;
  TextTable table({{"kernel", Align::Left}, {"predicted us"}});
  for (const LayerPart& part : layer.parts)
    table.add({part.kernel, fmt::format("{:.2f}", 1e6 * part.seconds)});
  return fmt::format("\n{}\n{}", name_of(layer.key), table.text());
}

bool has(std::span<const LayerPrediction> layers, bool hop_b) {
  for (const LayerPrediction& layer : layers) {
    if ((layer.key.kernel == "hop_b") == hop_b) return true;
  }
  return false;
}

}  // namespace

std::string layer_table(std::span<const LayerPrediction> layers, bool parts) {
  std::string text;
  if (has(layers, false)) text += layers_only(layers).text();
  if (has(layers, true)) {
    if (!text.empty()) text += '\n';
    text += hop_b_only(layers).text();
  }
  std::set<std::string> missing;
  for (const LayerPrediction& layer : layers) {
    if (parts && layer.predicted) text += parts_text(layer);
    missing.insert(layer.missing.begin(), layer.missing.end());
  }
  if (missing.empty()) return text;
  const std::string all = fmt::format(
      "No law or record of {}; calibrate fit --records writes laws of kernels that records have.",
      fmt::join(missing, ", "));
  text += '\n';
  for (const std::string& line : wrap_words(all, kTerminalColumns)) text += line + '\n';
  return text;
}

std::string layer_csv(std::span<const LayerPrediction> layers) {
  std::string text = "key,measured_us,predicted_us,error_percent\n";
  for (const LayerPrediction& layer : layers) {
    const auto error = error_percent(layer);
    text +=
        fmt::format("{},{},{},{}\n", csv_cell(layer.key.text()), format_exact(1e6 * layer.measured),
                    layer.predicted ? format_exact(1e6 * *layer.predicted) : "",
                    error ? format_exact(*error) : "");
  }
  return text;
}

std::string layer_json(std::span<const LayerPrediction> layers) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const LayerPrediction& layer : layers) {
    nlohmann::ordered_json parts = nlohmann::ordered_json::array();
    for (const LayerPart& part : layer.parts)
      parts.push_back({{"kernel", part.kernel}, {"us", 1e6 * part.seconds}});
    nlohmann::ordered_json one = {
        {"kernel", layer.key.kernel}, {"variant", layer.key.variant},
        {"shape", layer.key.shape},   {"measured_us", 1e6 * layer.measured},
        {"predicted_us", nullptr},    {"parts", parts},
        {"missing", layer.missing}};
    if (layer.predicted) one["predicted_us"] = 1e6 * *layer.predicted;
    all.push_back(std::move(one));
  }
  return nlohmann::ordered_json{{"layers", all}}.dump(2) + "\n";
}

}  // namespace helixsim
