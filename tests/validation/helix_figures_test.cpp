// Figures 1 and 3 of Bhatia et al. 2025 (Helix, arXiv 2507.07120).

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/llm/attention/registry.hpp"
#include "sim/llm/ffn/ffn_kind.hpp"
#include "sim/parallel/registry.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

/// The dense model of figure 1: Q 128, K 8, Hsz 128, so H 16384, and F 65536.
ModelSpec figure1_model() {
  return {.name = "figure-1",
          .title = "Helix, figure 1",
          .hidden = 16384,
          .vocabulary = 1,
          .attention = GqaSpec{.query_heads = 128, .kv_heads = 8, .head_size = 128},
          .dense = {.layers = 1, .intermediate = 65536},
          .moe = {},
          .published_parameters = {}};
}

struct ReadTimes {
  double kv_us = 0.0;
  double weights_us = 0.0;
};

/// Time that an ideal GB200 spends on one layer's KV cache and weights: batch 8, FP4, 8 TB/s.
ReadTimes read_times(int tpa, int kvp, int tpf, double context) {
  const ModelSpec model = figure1_model();
  const Hardware ideal = gb200_hardware("ideal");
  const PrecisionPlan fp4;
  const auto attention = make_attention(model.attention, model.hidden);
  // Appendix A keeps W_O at TPA, although the workflow of section 2.2 shards it over all GPUs.
  const AttentionShard shard{.requests = 8,
                             .kv_tokens = context / kvp,
                             .query_heads = 128.0 / tpa,
                             .kv_heads = static_cast<double>((8 + tpa - 1) / tpa),
                             .projected_heads = 128.0 / tpa,
                             .value_heads = 128.0 / tpa,
                             .output_heads = 128.0 / tpa};
  OperationList weights;
  attention->before(shard, fp4, weights);
  attention->after(shard, fp4, weights);
  dense_ffn(model, {.tokens = 8, .tpf = tpf}, fp4, weights);
  ReadTimes times;
  for (const Operation& op : weights) times.weights_us += 1e6 * ideal.duration(op.work).value();
  times.kv_us = 1e6 * ideal.duration(attention->flash_decode(shard, fp4).work).value();
  return times;
}

/// Start of attention to the end of the exchange, in microseconds.
double attention_and_exchange_us(const std::string& hop_b) {
  const ProgramRun run = run_helixsim(
      "simulate --model llama-3.1-405b --fidelity ideal --strategy helix --tpa 8 --kvp 8 --batch 8 "
      "--context 1M --format json --hop-b " +
      hop_b);
  REQUIRE(run.status == 0);
  const auto result = nlohmann::json::parse(run.out);
  double start = 0.0;
  double finish = 0.0;
  for (const auto& op : result.at("layers").at(0).at("operations")) {
    if (op.at("name") == "attention") start = op.at("start_s");
    if (op.at("name") == "kvp_all_to_all") finish = op.at("finish_s");
  }
  return 1e6 * (finish - start);
}

}  // namespace

TEST_CASE("figure 1, left: KV reads stop shrinking at TP = K and weight reads go on",
          "[validation][figure1]") {
  // Values of the appendix's equations at 1M tokens, rounded to 0.01 us; the plateau begins at 8.
  const auto [tp, kv_us, weights_us] = GENERATE(table<int, double, double>({{1, 1024, 236.98},
                                                                            {2, 512, 118.49},
                                                                            {4, 256, 59.25},
                                                                            {8, 128, 29.62},
                                                                            {16, 128, 14.94},
                                                                            {32, 128, 7.60},
                                                                            {64, 128, 3.93}}));
  CAPTURE(tp);
  const ReadTimes times = read_times(tp, 1, tp, 1e6);
  CHECK(times.kv_us == Approx(kv_us).epsilon(1e-9));
  CHECK(times.weights_us == Approx(weights_us).margin(0.006).epsilon(0));
}

TEST_CASE("figure 1, middle: KV reads grow with the context", "[validation][figure1]") {
  const auto [context, kv_us] = GENERATE(table<double, double>(
      {{1e5, 12.8}, {2.5e5, 32}, {5e5, 64}, {1e6, 128}, {2e6, 256}, {4e6, 512}}));
  CHECK(read_times(8, 1, 8, context).kv_us == Approx(kv_us).epsilon(1e-9));
}

TEST_CASE("figure 1, right: KV reads shrink with KVP and weights no further than attention allows",
          "[validation][figure1]") {
  const int kvp = GENERATE(1, 2, 4, 8, 16, 32, 64);
  CHECK(read_times(8, kvp, 8, 1e6).kv_us == Approx(128.0 / kvp).epsilon(1e-9));
  // TPA 8, KVP 8, TPF 64: (2 x 16384 x 16 + 2 x 16384) x 128 + 3 x 16384 x 65536 / 64 elements.
  const double elements = (2.0 * 16384 * 16 + 2.0 * 16384) * 128 + 3.0 * 16384 * 65536 / 64;
  CHECK(read_times(8, 8, 64, 1e6).weights_us == Approx(1e6 * elements * 0.5 / 8e12).epsilon(1e-9));
  CHECK(read_times(8, 8, 64, 1e6).weights_us == Approx(8.0).epsilon(0.05));
}

TEST_CASE("the tensor-parallel strategy reads what figure 1 says", "[validation][figure1]") {
  const int tp = GENERATE(1, 2, 4, 8, 16, 32, 64);
  CAPTURE(tp);
  const ModelSpec model = figure1_model();
  const auto attention = make_attention(model.attention, model.hidden);
  const PrecisionPlan fp4;
  const StepInput step{.model = model,
                       .attention = *attention,
                       .precision = fp4,
                       .layout = {.tpa = tp, .tpf = tp},
                       .batch = 8,
                       .context = 1e6,
                       .active = {}};
  OperationList layer;
  tp_strategy().attention_block(step, layer);
  tp_strategy().dense_block(step, layer);
  const Hardware ideal = gb200_hardware("ideal");
  ReadTimes times;
  for (const Operation& op : layer) {
    (op.kind == OperationKind::Attention ? times.kv_us : times.weights_us) +=
        1e6 * ideal.duration(op.work).value();
  }
  const ReadTimes expected = read_times(tp, 1, tp, 1e6);
  CHECK(times.kv_us == Approx(expected.kv_us));
  CHECK(times.weights_us == Approx(expected.weights_us));
}

TEST_CASE("figure 3: 25.6 units in lock-step and 17.2 with HOP-B", "[validation][figure3][hop_b]") {
  // 2 units of attention a request are 2.0 us: Llama-405B at TPA 8, KVP 8 and 1M tokens in FP4.
  CHECK(attention_and_exchange_us("figure3_lockstep") == Approx(8 * 2.0 + 8 * 1.2).epsilon(1e-6));
  CHECK(attention_and_exchange_us("figure3") == Approx(8 * 2.0 + 1.2).epsilon(1e-6));
}
