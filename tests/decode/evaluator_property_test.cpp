#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

constexpr unsigned kSeeds = 120;

/// The blocks of `count` layers one after the other, as they would run.
void append_layers(Schedule& schedule, const Evaluator& evaluator, const HopB& hop_b, int requests,
                   const StageLayers& layers) {
  for (int layer = 0; layer < layers.dense + layers.moe; ++layer) {
    schedule.append(evaluator.operations(Block::Attention), hop_b, requests);
    schedule.append(evaluator.operations(layer < layers.dense ? Block::Dense : Block::Moe), hop_b,
                    requests);
  }
}

}  // namespace

TEST_CASE("a faster memory never makes a step slower", "[decode][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  const SimTime base = ttl(c.setup(), c.point);
  CHECK(ttl(c.setup({{"gpu.memory.bandwidth.value", "8.1 TB/s"}}), c.point) <= base);
  CHECK(ttl(c.setup({{"gpu.memory.bandwidth.value", "20 TB/s"}}), c.point) <= base);
  CHECK(ttl(c.setup({{"gpu.memory.bandwidth.value", "1 TB/s"}}), c.point) >= base);
}

TEST_CASE("a faster link never makes a step slower", "[decode][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  const SimTime base = ttl(c.setup(), c.point);
  CHECK(ttl(c.setup({{"fabric.link_bandwidth.value", "51 GB/s"}}), c.point) <= base);
  CHECK(ttl(c.setup({{"fabric.link_bandwidth.value", "500 GB/s"}}), c.point) <= base);
  CHECK(ttl(c.setup({{"fabric.link_bandwidth.value", "1 GB/s"}}), c.point) >= base);
}

TEST_CASE("a longer context never makes a step faster", "[decode][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Point longer = c.point;
  longer.context += 1000;
  CHECK(ttl(setup, longer) >= ttl(setup, c.point));
  longer.context *= 4;
  CHECK(ttl(setup, longer) >= ttl(setup, c.point));
}

TEST_CASE("more requests never make a step faster", "[decode][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  PointCase c(seed);
  if (c.point.hop_b.mode == HopBMode::Chunks) c.point.hop_b = {HopBMode::Off, 1};
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Point larger = c.point;
  larger.batch += c.point.layout.dp;
  CHECK(ttl(setup, larger) >= ttl(setup, c.point));
}

TEST_CASE("the best HOP-B is never slower than off or than any chunk count", "[decode][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  check_best_hop_b(c.setup(), c.point);
}

TEST_CASE("the categories of time sum to TTL", "[decode][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Evaluator evaluator(setup);
  const PointResult result = evaluator.evaluate(c.point);
  double sum = 0.0;
  for (const double part : result.seconds) {
    CHECK(part >= 0.0);
    sum += part;
  }
  CHECK(result.hidden_seconds >= 0.0);
  CHECK(sum == Approx(result.ttl.seconds().value()).epsilon(1e-9).margin(1e-12));
}

TEST_CASE("a result does not depend on what the evaluator did before", "[decode][property]") {
  const auto seed = GENERATE(range(0U, 40U));
  // Points of one setup, large and small, feasible and not, in one evaluator and each in its own.
  const PointCase base(seed);
  const Setup setup = make_setup(base.model, base.fidelity, {}, base.options);
  Evaluator reused(setup);
  for (std::uint32_t other = 0; other < 40; ++other) {
    PointCase c(other);
    if (fault_of(setup, c.point)) continue;
    CAPTURE(seed, other, c.text());
    Evaluator fresh(setup);
    const PointResult expected = fresh.evaluate(c.point);
    check_same(reused.evaluate(c.point), expected);
    check_same(reused.evaluate(c.point), expected);
  }
}

TEST_CASE("extrapolated layers are those of a whole chain to the picosecond",
          "[decode][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  PointCase c(seed);
  CAPTURE(seed, c.text());
  // Theory averages the layers over the stages, which no chain does.
  if (c.fidelity == "ideal") c.point.layout.pp = 1;
  const int pp = c.point.layout.pp;
  const Setup setup = c.setup();
  Evaluator evaluator(setup);
  const PointResult result = evaluator.evaluate(c.point);
  HopB hop_b = c.point.hop_b;
  if (hop_b.mode == HopBMode::Best) hop_b = {HopBMode::Chunks, result.chunks};

  Schedule schedule(setup.hardware, setup.options, c.point.strategy->overlaps_all_reduce);
  const int requests = c.point.batch / c.point.layout.dp;
  SimTime slowest;
  for (int stage = 0; stage < pp; ++stage) {
    schedule.clear();
    if (stage == 0) schedule.append(evaluator.operations(Block::Begin), hop_b, requests);
    append_layers(schedule, evaluator, hop_b, requests, stage_layers(setup.model, pp, stage));
    if (stage == pp - 1) schedule.append(evaluator.operations(Block::End), hop_b, requests);
    schedule.append(evaluator.operations(Block::Hop), hop_b, requests);
    schedule.run();
    slowest = std::max(slowest, schedule.timeline().makespan());
  }
  CHECK(result.ttl == pp * slowest);
}
