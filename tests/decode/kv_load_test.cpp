#include "sim/decode/kv_load.hpp"

#include <catch2/catch.hpp>
#include <numeric>

#include "sim/decode/rack_effects.hpp"
#include "sim/decode/rack_step.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

TEST_CASE("round-robin ownership counts every token once", "[decode][rack][property]") {
  const int tokens = GENERATE(1, 15, 16, 17, 160, 1000, 4097);
  const int width = GENERATE(1, 2, 3, 8, 64);
  const int block = GENERATE(1, 16, 32);
  std::vector<int> counted(static_cast<std::size_t>(width), 0);
  for (int token = 0; token < tokens; ++token) {
    ++counted[static_cast<std::size_t>(token / block % width)];
  }
  for (int kvp = 0; kvp < width; ++kvp) {
    CHECK(tokens_owned(tokens, block, kvp, width) == counted[static_cast<std::size_t>(kvp)]);
  }
}

TEST_CASE("loads of KVP ranks average to one", "[decode][rack][property]") {
  const std::vector<double> lengths{10, 100, 1000, 12345};
  const auto loads = kv_loads(lengths, 16, 8);
  CHECK(std::accumulate(loads.begin(), loads.end(), 0.0) == Approx(8.0));
  CHECK(loads.front() > loads.back());  // the first rank gets the first block of each
}

TEST_CASE("uneven contexts fill the fullest GPU and slow the step", "[decode][rack]") {
  Setup setup = make_setup(llama_405b(), "paper", roomy());
  Evaluator evaluator(setup);
  Point point{.strategy = &strategy_named("dp"),
              .layout = {.tpa = 8, .dp = 2, .tpf = 16},
              .batch = 4,
              .context = 1e6,
              .hop_b = {}};
  const PointResult even = evaluator.evaluate(point);
  point.contexts = {1.9e6, 1.9e6, 1e5, 1e5};  // the first attention group holds the long ones
  const PointResult uneven = evaluator.evaluate(point);
  CHECK(uneven.memory.kv.value() == Approx(1.9 * even.memory.kv.value()));
  const RackStep step(evaluator, point,
                      {.effects = effects_on(evaluator, point), .every_layer = false});
  CHECK(step.result().ttl > even.ttl);
  CHECK(step.result().slowest_rank < 8);
}

TEST_CASE("an append block that is given holds for equal contexts too", "[decode][rack]") {
  Setup setup = make_setup(llama_405b(), "paper", roomy());
  Evaluator evaluator(setup);
  const Point point{.strategy = &strategy_named("helix"),
                    .layout = {.tpa = 8, .kvp = 8, .tpf = 64},
                    .batch = 4,
                    .context = 1e6,
                    .hop_b = {}};
  const PointResult even = evaluator.evaluate(point);
  setup.rack.kv_append_block = 1'000'000;  // all of a context on one KVP rank
  const PointResult uneven = evaluator.evaluate(point);
  CHECK(uneven.memory.kv.value() == Approx(8 * even.memory.kv.value()));
  CHECK(uneven.ttl > even.ttl);
  Point listed = point;
  listed.contexts.assign(4, 1e6);
  CHECK(evaluator.evaluate(listed).ttl == uneven.ttl);
}
