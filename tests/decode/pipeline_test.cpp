#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/decode/pipeline.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"
#include "tests/support/random.hpp"

using namespace helixsim;

namespace {

StepBlocks random_blocks(Random& random) {
  const auto time = [&] { return SimTime(random.between(0, 100'000'000)); };
  return {.begin = time(),
          .attention = time(),
          .dense = time(),
          .moe = time(),
          .end = time(),
          .hop = time()};
}

}  // namespace

TEST_CASE("stages hold every layer once, dense ones first, and differ by at most one",
          "[decode][pipeline]") {
  for (const ModelSpec& model : {llama_405b(), deepseek_r1(), small_mla_moe_model()}) {
    for (int pp = 1; pp <= model.layers(); ++pp) {
      CAPTURE(model.name, pp);
      int dense = 0;
      int moe = 0;
      int smallest = model.layers();
      int largest = 0;
      for (int stage = 0; stage < pp; ++stage) {
        const StageLayers layers = stage_layers(model, pp, stage);
        if (layers.dense > 0) CHECK(moe == 0);  // no dense layer after an expert one
        dense += layers.dense;
        moe += layers.moe;
        smallest = std::min(smallest, layers.dense + layers.moe);
        largest = std::max(largest, layers.dense + layers.moe);
      }
      CHECK(dense == model.dense.layers);
      CHECK(moe == model.moe.layers);
      CHECK(largest - smallest <= 1);
      CHECK(smallest >= 1);
    }
  }
}

TEST_CASE("by theory TTL is pp ceil(L/pp)/L of all layers, lm_head and a hop a stage",
          "[decode][pipeline]") {
  const auto seed = GENERATE(range(0U, 30U));
  Random random(seed);
  const ModelSpec model = random.coin() ? llama_405b() : deepseek_r1();
  const int pp = random.between(1, 16);
  const StepBlocks blocks = random_blocks(random);
  CAPTURE(seed, model.name, pp);
  const auto s = [](SimTime time) { return time.seconds().value(); };
  const double L = model.layers();
  const double layers = L * s(blocks.attention) + model.dense.layers * s(blocks.dense) +
                        model.moe.layers * s(blocks.moe);
  const double expected =
      pp * std::ceil(L / pp) / L * layers + s(blocks.end) + (pp > 1 ? pp * s(blocks.hop) : 0.0);
  const StepWeights weights = step_weights(model, pp, Accounting::Theory, blocks);
  CHECK(weighted(weights, blocks).seconds().value() == Approx(expected).epsilon(0).margin(1e-12));
}

TEST_CASE("by events TTL is pp times the slowest stage", "[decode][pipeline]") {
  const auto seed = GENERATE(range(0U, 60U));
  Random random(seed);
  const ModelSpec model =
      random.pick<ModelSpec>({llama_405b(), deepseek_r1(), small_mla_moe_model()});
  const int pp = random.between(1, 5);
  const StepBlocks blocks = random_blocks(random);
  CAPTURE(seed, model.name, pp);
  SimTime slowest;
  for (int stage = 0; stage < pp; ++stage) {
    const StageLayers layers = stage_layers(model, pp, stage);
    SimTime time = (layers.dense + layers.moe) * blocks.attention + layers.dense * blocks.dense +
                   layers.moe * blocks.moe;
    if (stage == 0) time += blocks.begin;
    if (stage == pp - 1) time += blocks.end;
    if (pp > 1) time += blocks.hop;
    slowest = std::max(slowest, time);
  }
  CHECK(weighted(step_weights(model, pp, Accounting::Event, blocks), blocks) == pp * slowest);
}
