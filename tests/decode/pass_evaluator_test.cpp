#include "sim/decode/pass_evaluator.hpp"

#include <catch2/catch.hpp>

#include "sim/config/config_error.hpp"
#include "sim/decode/evaluator.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

TEST_CASE("a pass gives the results of the event engine, bit for bit",
          "[decode][pass_evaluator][property]") {
  const auto seed = GENERATE(range(0U, 400U));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  Random random(seed);
  const Setup setup =
      c.setup({{"fabric.link_bandwidth.value", std::to_string(random.between(1, 60)) + " GB/s"},
               {"fidelities." + c.fidelity + ".collectives.kvp_exchange_latency.value",
                std::to_string(random.coin() ? 0 : random.between(0, 9000)) + " ns"}});
  Evaluator events(setup);
  PassEvaluator pass(setup);
  const PointResult expected = events.evaluate(c.point);
  check_same(pass.evaluate(c.point), expected);
  const PointTime time = pass.time(c.point);
  CHECK(time.shortage == Shortage::None);
  CHECK(time.ttl == expected.ttl);
  CHECK(time.chunks == expected.chunks);
}

TEST_CASE("a pass does not depend on the points before, however much they share",
          "[decode][pass_evaluator][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  // With the memory of GB200, so that some points do not fit.
  const Setup setup = make_setup(c.model, c.fidelity, {}, c.options);
  Random random(seed);
  PassEvaluator reused(setup);
  Point point = c.point;
  for (int step = 0; step < 40; ++step) {
    switch (random.between(0, 3)) {
      case 0:
        point.context = random.between(1, 2'000'000);
        break;
      case 1:
        point.batch = point.layout.dp * random.between(1, 16);
        break;
      case 2: {
        const PointCase other(static_cast<std::uint32_t>(random.between(0, 400)));
        point.strategy = other.point.strategy;
        point.layout = other.point.layout;
        point.batch = other.point.batch;
        break;
      }
      default:
        point.hop_b = random.pick<HopB>(
            {{HopBMode::Off, 1}, {HopBMode::Best, 1}, {HopBMode::DeviceInitiated, 1}});
    }
    if (point.hop_b.mode == HopBMode::Chunks || fault_of(setup, point)) continue;
    CAPTURE(step, std::string(point.strategy->name), to_text(point.layout), point.batch);
    Evaluator fresh(setup);
    check_same(reused.evaluate(point), fresh.evaluate(point));
  }
}

TEST_CASE("a pass knows nothing after an operation has been refused", "[decode][pass_evaluator]") {
  // One layer's KV cache of 4 x 7e8 tokens, 512 bytes each, takes 1,700 s at 0.85 GB/s; one
  // operation may take 1,000 s. The same layout and batch with fewer tokens are right again.
  const Setup setup =
      make_setup(small_gqa_model(), "paper", roomy({{"gpu.memory.bandwidth.value", "1 GB/s"}}));
  Point point{
      .strategy = &strategy_named("tp"), .layout = {}, .batch = 4, .context = 7e8, .hop_b = {}};
  PassEvaluator pass(setup);
  for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(pass.time(point), ConfigError);
  point.context = 1e6;
  Evaluator events(setup);
  CHECK(pass.time(point).ttl == events.evaluate(point).ttl);
}

TEST_CASE("an append block that fills one rank makes a point infeasible for searches too",
          "[decode][pass]") {
  Setup setup = make_setup(llama_405b(), "paper", {});
  setup.rack.kv_append_block = 1'000'000;
  Evaluator one_by_one(setup);
  PassEvaluator search(setup);
  int short_of_memory = 0;
  for (const int batch : {1, 2, 4, 8, 16, 32, 64}) {
    const Point point{.strategy = &strategy_named("helix"),
                      .layout = {.kvp = 16, .tpf = 16},
                      .batch = batch,
                      .context = 1e6,
                      .hop_b = {}};
    const PointResult expected = one_by_one.evaluate(point);
    CHECK(search.shortage(point) == expected.shortage);
    CHECK(search.time(point).shortage == expected.shortage);
    short_of_memory += expected.feasible() ? 0 : 1;
  }
  CHECK(short_of_memory > 0);
}
