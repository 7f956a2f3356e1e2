#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sim/calibration/datasets/records.hpp"
#include "sim/calibration/fit_system.hpp"
#include "sim/calibration/rank_layer_prediction.hpp"
#include "tests/harness/fake_gpu.hpp"
#include "tests/support/systems.hpp"
#include "tools/calibrate/harness/plan.hpp"
#include "tools/calibrate/harness/session.hpp"

using namespace helixsim;

namespace {

constexpr double kKernel = 2e-6;  ///< s of each kernel of the made-up GPU beside its bytes
constexpr double kGap = 1e-6;     ///< s of a launch

/// Kernels one after the other, as a layer is.
double layer_fixed(const Cell& cell) {
  const double kernels = cell.key.variant.starts_with("gqa") ? 11.0 : 22.0;
  return kernels * (kKernel + kGap) - kGap;
}

}  // namespace

TEST_CASE("a GPU that is a formula is measured, fitted, and its whole layers are predicted",
          "[harness][rank_layer]") {
  FakeGpu gpu;
  gpu.fixed = [](const Cell& cell) {
    if (cell.key.kernel == "launch_chain") return 0.0;
    return cell.key.kernel == "rank_layer" ? layer_fixed(cell) : kKernel;
  };
  const std::vector<std::string> kernels{"gqa_decode", "gemm",        "rms_norm",   "swiglu",
                                         "combine",    "rope_append", "rank_layer", "launch_chain"};
  std::vector<MeasuredRecord> records;
  SessionOptions options;
  options.budget_seconds = 1e9;
  options.record = [&](const MeasuredRecord& record) { records.push_back(record); };
  measure_cells(gpu, ceiling_cell(gpu.facts()), calibration_cells(gpu.facts(), kernels), options);
  const System system =
      read_system(read_json_file(HELIXSIM_SOURCE_DIR "/hw_models/systems/h200_hgx8.json"));
  const FittedLaws laws =
      fit_system(rows_of_records(records, system), system, 2, [](const std::string&) {});
  const auto layers = predict_layers(records, laws);
  int predicted = 0;
  for (const LayerPrediction& layer : layers) {
    CAPTURE(layer.key.text());
    const bool llama = layer.key.variant.starts_with("gqa_dense");
    CHECK(layer.missing.empty() == llama);  // DeepSeek's kernels were not measured
    if (!layer.predicted) continue;
    ++predicted;
    CHECK(*layer.predicted == Approx(layer.measured).epsilon(0.1));
  }
  CHECK(predicted == 10);  // five layouts, launches that overlap or do not
}
