#include <catch2/catch.hpp>
#include <string>

#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

TEST_CASE("throughput is requests in flight over TTL and GPUs", "[decode]") {
  const Point point{.strategy = &strategy_named("helix"),
                    .layout = {.tpa = 8, .kvp = 4, .tpf = 32, .pp = 2},
                    .batch = 16,
                    .context = 1e6,
                    .hop_b = {}};
  CHECK(point.requests_in_flight() == 32);
  // 32 requests, one token each in 10 ms, on 64 GPUs.
  CHECK(tokens_per_second_per_gpu(point, to_sim_time(Seconds(0.01))) == Approx(32 / 0.01 / 64));
  PointResult result;
  result.ttl = to_sim_time(Seconds(0.01));
  CHECK(result.tokens_per_second_per_user() == Approx(100));
}

TEST_CASE("ideal counts nothing but lm_head at the ends and paper counts all", "[decode]") {
  const Point point{.strategy = &strategy_named("helix"),
                    .layout = {.kvp = 8, .tpf = 1, .ep = 8},
                    .batch = 8,
                    .context = 1e5,
                    .hop_b = {}};
  const Setup ideal = make_setup(deepseek_r1(), "ideal", {});
  Evaluator theory(ideal);
  (void)theory.evaluate(point);
  CHECK(theory.operations(Block::Begin).empty());
  REQUIRE(theory.operations(Block::End).size() == 1);
  CHECK(theory.operations(Block::End)[0].name == "lm_head");

  const Setup paper = make_setup(deepseek_r1(), "paper", {});
  Evaluator event(paper);
  (void)event.evaluate(point);
  CHECK(event.operations(Block::Begin).size() == 2);  // embedding and its all-reduce
  CHECK(event.operations(Block::End).size() == 3);    // lm_head, gather, sampling
}

TEST_CASE("ideal costs the mean expert rank and paper the critical one", "[decode]") {
  const Point point{.strategy = &strategy_named("tp"),
                    .layout = {.tpa = 8, .tpf = 1, .ep = 8},
                    .batch = 4,
                    .context = 1e5,
                    .hop_b = {}};
  const auto experts = [&](const char* fidelity) {
    const Setup setup = make_setup(deepseek_r1(), fidelity, {});
    Evaluator evaluator(setup);
    (void)evaluator.evaluate(point);
    for (const Operation& op : evaluator.operations(Block::Moe)) {
      if (op.name == "expert_down") return op.active_experts;
    }
    return 0.0;
  };
  const ActiveExperts active = active_experts(deepseek_r1().moe, 4, 8);
  CHECK(experts("ideal") == active.mean);
  CHECK(experts("paper") == active.largest);
}

TEST_CASE("HOP-B without an exchange changes nothing", "[decode]") {
  for (const std::string strategy : {"tp", "medha", "helix"}) {
    CAPTURE(strategy);
    Point point{.strategy = &strategy_named(strategy),
                .layout = {.tpa = 4, .tpf = 4},
                .batch = 8,
                .context = 1e5,
                .hop_b = {}};
    if (strategy == "medha") point.layout.kvp = 4;  // its exchange is never overlapped
    const Setup setup = make_setup(llama_405b(), "paper", roomy());
    const SimTime off = ttl(setup, point);
    for (const HopBMode mode :
         {HopBMode::Chunks, HopBMode::Best, HopBMode::DeviceInitiated, HopBMode::Figure3}) {
      point.hop_b = {mode, 4};
      CHECK(ttl(setup, point) == off);
    }
  }
}

TEST_CASE("a strategy that exposes its communication does so whatever the options", "[decode]") {
  const Point point{.strategy = &strategy_named("medha"),
                    .layout = {.tpa = 4, .kvp = 4, .tpf = 4},
                    .batch = 8,
                    .context = 1e5,
                    .hop_b = {}};
  CHECK(ttl(make_setup(llama_405b(), "paper", roomy(), {.overlap_all_reduce = true}), point) ==
        ttl(make_setup(llama_405b(), "paper", roomy()), point));
}
