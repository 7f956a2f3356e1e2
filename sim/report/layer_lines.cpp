#include "sim/report/layer_lines.hpp"

#include <fmt/format.h>

#include <set>

#include "sim/calibration/datasets/own_kernels.hpp"
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

double gain_percent(double time, double whole) {
  return 100.0 * (1.0 - time / whole);
}

}  // namespace

std::vector<LayerLine> layer_lines(std::span<const LayerPrediction> layers) {
  std::vector<LayerLine> lines;
  for (const LayerPrediction& layer : layers) {
    LayerLine line;
    line.layer = &layer;
    line.hop_b = layer.key.kernel == "hop_b";
    line.name = name_of(layer.key);
    if (layer.predicted && layer.measured > 0.0)
      line.error = 100.0 * (*layer.predicted / layer.measured - 1.0);
    const LayerPrediction* whole = line.hop_b ? uncut(layer, layers) : nullptr;
    if (whole != nullptr) {
      line.gain = gain_percent(layer.measured, whole->measured);
      if (whole->predicted && layer.predicted)
        line.gain_by_law = gain_percent(*layer.predicted, *whole->predicted);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> missing_of(std::span<const LayerPrediction> layers) {
  std::set<std::string> missing;
  for (const LayerPrediction& layer : layers)
    missing.insert(layer.missing.begin(), layer.missing.end());
  return {missing.begin(), missing.end()};
}

}  // namespace helixsim
