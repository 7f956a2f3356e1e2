#include "sim/calibration/rank_layer_prediction.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/calibration/datasets/own_kernels.hpp"
#include "sim/calibration/datasets/records.hpp"
#include "sim/calibration/fit_system.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

constexpr double kGap = 1.5;  // us

MeasuredRecord record_of(const std::string& kernel, const std::string& variant,
                         std::map<std::string, long long> shape,
                         std::map<std::string, std::string> dtype, double us) {
  MeasuredRecord record;
  record.key = {.kernel = kernel,
                .variant = variant,
                .impl = "own",
                .shape = std::move(shape),
                .dtype = std::move(dtype),
                .mode = "graph_cold"};
  record.timing = {.median_us = us - kGap,
                   .p10_us = us - kGap,
                   .p90_us = us - kGap,
                   .empty_us = kGap,
                   .reps = 4,
                   .samples = 30};
  record.check = {.error = 1e-3, .ok = true};
  return record;
}

/// Of all kernels of a layer, in BF16: GEMMs 10 us, decode 100 us, all else 2 us, and what little
/// their other terms add.
FittedLaws simple_laws() {
  FittedLaws laws;
  StreamLaw small;
  small.fixed = 2e-6;
  small.row = small.element = 1e-18;
  small.bandwidth = 1e18;
  for (const char* name :
       {"own/rms_norm/bf16", "own/rope_append/bf16", "own/mla_append/bf16", "own/combine/warp_row",
        "own/combine/warp_row_fp32", "own/swiglu/bf16", "own/router/warp_token",
        "own/order_tokens/one_block", "own/finalise/eights"})
    of_law<StreamLaw, FittedLaw>(laws.laws)[name].law = small;
  GemmLaw gemm;
  gemm.fixed = 10e-6;
  gemm.per_k = gemm.quantise = gemm.wave = gemm.split = 1e-18;
  gemm.bandwidth = gemm.peak = 1e24;
  for (const char* name : {"own/gemm/gemv_bf16", "own/gemm/gemv_e4m3", "own/batched_gemm/gemv_e4m3",
                           "own/grouped_gemm/gemv_e4m3"})
    of_law<GemmLaw, FittedLaw>(laws.laws)[name].law = gemm;
  AttentionLaw attention;
  attention.fixed = 100e-6;
  attention.bandwidth = 1e24;
  for (const char* name : {"attention/bfloat16/grouped", "mla/fp8/heads_128"})
    of_law<AttentionLaw, FittedLaw>(laws.laws)[name].law = attention;
  return laws;
}

const std::map<std::string, long long> kLlama{
    {"b", 8},   {"s", 16384}, {"h", 16384},  {"qh", 16},      {"kvh", 1}, {"kvp", 8},
    {"tpa", 8}, {"f", 832},   {"split", 16}, {"exchange", 0}, {"pdl", 0}};

}  // namespace

TEST_CASE("a rank's layer is predicted by the sum of its kernels", "[calibration][rank_layer]") {
  const std::vector<MeasuredRecord> records{
      record_of("rank_layer", "gqa_dense_bf16", kLlama, {{"w", "bf16"}, {"kv", "bf16"}}, 170.0)};
  FittedLaws laws = simple_laws();
  const double decode =
      of_law<AttentionLaw, FittedLaw>(laws.laws)["attention/bfloat16/grouped"].seconds(
          {.batch = 8, .kv_tokens = 16384, .kv_heads = 1, .group = 16, .head_size = 128}, true);
  const auto found = predict_layers(records, laws);
  REQUIRE(found.size() == 1);
  CHECK(found[0].missing.empty());
  CHECK(found[0].parts.size() == 11);
  CHECK(found[0].measured == Approx(170e-6));
  // Four GEMMs; two norms, append, two merges, SwiGLU.
  CHECK(found[0].predicted.value() == Approx(4 * 10e-6 + 6 * 2e-6 + decode).epsilon(1e-3));
}

TEST_CASE("a layer of DeepSeek has 22 kernels, and overlapped launches save their gaps",
          "[calibration][rank_layer]") {
  std::map<std::string, long long> shape{
      {"b", 8},  {"s", 131072}, {"h", 7168}, {"qr", 1536}, {"qh", 128},     {"kvp", 8}, {"tpa", 1},
      {"e", 32}, {"fe", 2048},  {"fs", 256}, {"split", 8}, {"exchange", 0}, {"pdl", 0}};
  const std::map<std::string, std::string> fp8{{"w", "fp8"}, {"kv", "fp8"}};
  std::vector<MeasuredRecord> records{record_of("rank_layer", "mla_moe_e4m3", shape, fp8, 400.0)};
  shape["pdl"] = 1;
  records.push_back(record_of("rank_layer", "mla_moe_e4m3", shape, fp8, 380.0));
  records.push_back(record_of("launch_chain", "serial", {{"grid", 1}, {"smem", 0}}, {}, 1.6));
  records.push_back(record_of("launch_chain", "programmatic", {{"grid", 1}, {"smem", 0}}, {}, 0.9));
  const auto found = predict_layers(records, simple_laws());
  REQUIRE(found.size() == 2);
  CHECK(found[0].missing.empty());
  CHECK(found[0].parts.size() == 22);
  CHECK(found[0].measured == Approx(400e-6));  // the one without PDL first
  CHECK(found[0].predicted.value() - found[1].predicted.value() == Approx(22 * 0.7e-6));
}

TEST_CASE("a layer whose kernels were not all fitted says which, and predicts nothing",
          "[calibration][rank_layer]") {
  FittedLaws laws = simple_laws();
  of_law<StreamLaw, FittedLaw>(laws.laws).erase("own/swiglu/bf16");
  const std::vector<MeasuredRecord> records{
      record_of("rank_layer", "gqa_dense_bf16", kLlama, {{"w", "bf16"}, {"kv", "bf16"}}, 170.0)};
  const auto found = predict_layers(records, laws);
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found[0].predicted);
  CHECK(found[0].missing == std::vector<std::string>{"own/swiglu/bf16"});
}

TEST_CASE("HOP-B on one GPU is a pipeline of chunks and the copies measured alone",
          "[calibration][rank_layer]") {
  const std::map<std::string, long long> shape{{"b", 8},    {"s", 16384},  {"kvh", 1},
                                               {"g", 16},   {"chunks", 4}, {"copy", 4096},
                                               {"ctas", 8}, {"rate", 100}};
  std::vector<MeasuredRecord> records{
      record_of("hop_b", "sm_copy", shape, {{"kv", "bf16"}}, 500.0),
      record_of("throttled_copy", "loads", {{"bytes", 1024}, {"ctas", 8}, {"rate", 100}}, {},
                300.0)};
  FittedLaws laws = simple_laws();
  const double chunk =
      of_law<AttentionLaw, FittedLaw>(laws.laws)["attention/bfloat16/grouped"].seconds(
          {.batch = 2, .kv_tokens = 16384, .kv_heads = 1, .group = 16, .head_size = 128}, true);
  // Copies are longer than chunks: the first chunk, then four copies.
  REQUIRE(chunk < 300e-6);
  CHECK(predict_layers(records, laws)[0].predicted.value() == Approx(chunk + 4 * 300e-6));
  records[1].timing.median_us = 20.0 - kGap;  // shorter: four chunks, and the last copy
  CHECK(predict_layers(records, laws)[0].predicted.value() == Approx(4 * chunk + 20e-6));
}

TEST_CASE("what was measured on a GPU off its usual rate takes no part in a prediction",
          "[calibration][rank_layer]") {
  const std::map<std::string, long long> shape{{"b", 8},    {"s", 16384},  {"kvh", 1},
                                               {"g", 16},   {"chunks", 4}, {"copy", 4096},
                                               {"ctas", 8}, {"rate", 100}};
  const std::map<std::string, long long> copy{{"bytes", 1024}, {"ctas", 8}, {"rate", 100}};
  std::vector<MeasuredRecord> records{
      record_of("hop_b", "sm_copy", shape, {{"kv", "bf16"}}, 500.0),
      record_of("throttled_copy", "loads", copy, {}, 900.0),
      record_of("throttled_copy", "loads", copy, {}, 300.0),
      record_of("launch_chain", "serial", {{"grid", 1}, {"smem", 0}}, {}, 1.6),
      record_of("launch_chain", "serial", {{"grid", 1}, {"smem", 0}}, {}, 9.0)};
  records[1].suspect = true;  // and measured again
  records[4].suspect = true;
  const auto found = predict_layers(records, simple_laws());
  REQUIRE(found.size() == 1);
  CHECK(found[0].parts.back().seconds == Approx(300e-6));
  CHECK(launch_gaps_of(records).serial == Approx(1.6e-6));
  records.erase(records.begin() + 2);
  CHECK_FALSE(predict_layers(records, simple_laws())[0].predicted);
  records[0].suspect = true;
  CHECK(predict_layers(records, simple_laws()).empty());
}

TEST_CASE("launches that overlap are not predicted by gaps that nobody measured",
          "[calibration][rank_layer]") {
  std::map<std::string, long long> shape = kLlama;
  shape["pdl"] = 1;
  std::vector<MeasuredRecord> records{
      record_of("rank_layer", "gqa_dense_bf16", shape, {{"w", "bf16"}, {"kv", "bf16"}}, 170.0),
      record_of("launch_chain", "serial", {{"grid", 1}, {"smem", 0}}, {}, 1.6)};
  const auto without = predict_layers(records, simple_laws());
  CHECK_FALSE(without[0].predicted);
  CHECK(without[0].missing == std::vector<std::string>{"launch_chain"});
  records.push_back(record_of("launch_chain", "programmatic", {{"grid", 1}, {"smem", 0}}, {}, 0.9));
  CHECK(predict_layers(records, simple_laws())[0].predicted);
}

TEST_CASE("records of the project's own kernels make families that layers are predicted by",
          "[calibration][rank_layer]") {
  std::vector<MeasuredRecord> records;
  for (const long long m : {1, 8, 64, 512}) {
    for (const long long width : {7168, 16384}) {
      MeasuredRecord record =
          record_of("rms_norm", "bf16", {{"m", m}, {"width", width}}, {{"o", "bf16"}},
                    3.0 + 1e-6 * static_cast<double>(m * width));
      record.bytes = 8.0 * static_cast<double>(m * width);
      records.push_back(record);
      records.push_back(record_of("batched_gemm", "gemv_bf16",
                                  {{"m", m}, {"n", 512}, {"k", 128}, {"h", width / 512}},
                                  {{"w", "bf16"}}, 4.0 + 0.01 * static_cast<double>(m)));
      records.push_back(record_of("grouped_gemm", "gemv_e4m3",
                                  {{"me", m}, {"n", 4096}, {"k", width}, {"e", 4}}, {{"w", "fp8"}},
                                  20.0 + 0.02 * static_cast<double>(m)));
    }
  }
  const System system = gb200();
  const MeasuredRows rows = rows_of_records(records, system);
  CHECK(rows.unpredicted.empty());
  const FittedLaws laws = fit_system(rows, system, 1, [](const std::string&) {});
  const auto* norm = laws.find<StreamLaw>("own/rms_norm/bf16");
  REQUIRE(norm != nullptr);
  CHECK(norm->seconds({8, 16384}, true) == Approx(3.13e-6).epsilon(0.1));
  CHECK(norm->law.element_bytes == Approx(8.0));
  CHECK(laws.find<GemmLaw>("bmm/w_uk/bfloat16") != nullptr);
  CHECK(laws.find<GemmLaw>("own/batched_gemm/gemv_bf16") != nullptr);
  CHECK(laws.find<GemmLaw>("own/grouped_gemm/gemv_e4m3") != nullptr);
}
