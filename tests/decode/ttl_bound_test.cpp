#include "sim/decode/ttl_bound.hpp"

#include <catch2/catch.hpp>

#include "sim/decode/evaluator.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

/// Any hardware: slow and fast memory, links, arithmetic, and times that may be 0.
std::vector<Override> random_system(const std::string& fidelity, Random& random) {
  const std::string laws = "fidelities." + fidelity;
  const auto time = [&](const std::string& path, int most_ns) {
    return Override{laws + path + ".value",
                    std::to_string(random.coin() ? 0 : random.between(0, most_ns)) + " ns"};
  };
  return {{"gpu.memory.bandwidth.value", std::to_string(random.between(1, 20)) + " TB/s"},
          {"gpu.compute.fp4.value", std::to_string(random.between(1, 10000)) + " TFLOP/s"},
          {"fabric.link_bandwidth.value", std::to_string(random.between(1, 60)) + " GB/s"},
          {"fabric.in_switch_reduction.value", random.coin() ? "true" : "false"},
          time(".kernels.fixed", 5000),
          time(".kernels.fixed_attention", 9000),
          time(".collectives.all_reduce", 9000),
          time(".collectives.exchange", 9000),
          time(".collectives.kvp_exchange", 9000),
          time(".collectives.kvp_exchange_latency", 9000)};
}

const HopB kModes[] = {{HopBMode::Off, 1},     {HopBMode::Chunks, 1},
                       {HopBMode::Best, 1},    {HopBMode::DeviceInitiated, 1},
                       {HopBMode::Figure3, 1}, {HopBMode::Figure3Lockstep, 1}};

}  // namespace

TEST_CASE("the bound never exceeds the TTL, for any strategy, hardware and HOP-B mode",
          "[decode][ttl_bound][property]") {
  const auto seed = GENERATE(range(0U, 320U));
  PointCase c(seed);
  Random random(seed);
  const Setup setup = c.setup(random_system(c.fidelity, random));
  const double shortest = random.between(1, 500'000);
  const int dp = c.point.layout.dp;
  TtlBound bound(setup, *c.point.strategy, c.point.layout, shortest);
  StepOperations scratch(setup);
  bound.add_anchor(dp, scratch);
  bound.add_anchor(4 * dp, scratch);
  bound.add_anchor(11 * dp, scratch);
  Evaluator evaluator(setup);
  for (int requests = 1; requests <= 13; ++requests) {
    c.point.batch = requests * dp;
    c.point.context = random.coin() ? shortest : shortest + random.between(0, 1'000'000);
    for (HopB mode : kModes) {
      if (mode.mode == HopBMode::Chunks) mode.chunks = random.between(1, requests);
      c.point.hop_b = mode;
      CAPTURE(seed, c.text(), c.point.context, shortest);
      const PointResult result = evaluator.evaluate(c.point);
      REQUIRE(result.feasible());
      CHECK(bound.at(c.point.batch, c.point.context, std::span(&mode, 1)) <= result.ttl);
    }
  }
}

TEST_CASE("at an anchor the bound of HOP-B off is the TTL but for rounding",
          "[decode][ttl_bound][property]") {
  const auto seed = GENERATE(range(0U, 80U));
  PointCase c(seed);
  c.point.hop_b = {HopBMode::Off, 1};
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  TtlBound bound(setup, *c.point.strategy, c.point.layout, c.point.context);
  StepOperations scratch(setup);
  bound.add_anchor(c.point.batch, scratch);
  const SimTime time = ttl(setup, c.point);
  const SimTime least = bound.at(c.point.batch, c.point.context, std::span(&c.point.hop_b, 1));
  CHECK(least <= time);
  // At most 20 operations a block, 2 blocks a layer, 126 layers, 64 stages of at least one.
  CHECK(time - least <= SimTime(2 * 21 * (126 + 64 * 3)));
}
