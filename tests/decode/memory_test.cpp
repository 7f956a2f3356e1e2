#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "sim/decode/memory.hpp"
#include "sim/llm/parameters.hpp"
#include "sim/units/format.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

/// The setup of a case on a GPU whose memory is usable to the last of `capacity` bytes.
Setup with_capacity(const PointCase& c, double capacity, const std::string& reserve = "0 B") {
  return make_setup(c.model, c.fidelity,
                    {{"gpu.memory.usable_fraction.value", "1.0"},
                     {"gpu.memory.capacity.value", format_exact(capacity) + " B"},
                     {"fidelities.ideal.reserve.value", reserve},
                     {"fidelities.paper.reserve.value", reserve},
                     {"fidelities.measured.reserve.value", reserve}},
                    c.options);
}

Point on_one_gpu(int batch, double context) {
  return {.strategy = &strategy_named("tp"),
          .layout = {},
          .batch = batch,
          .context = context,
          .hop_b = {}};
}

}  // namespace

TEST_CASE("a point fits to the last byte and not one step beyond", "[decode][memory][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  PointCase c(seed);
  const Setup roomy_setup = c.setup();
  const auto total = [&] { return memory_use(roomy_setup, c.point).total().value(); };
  while (total() < 2e9) c.point.context *= 2;  // a system has at least 1 GB
  const double needed = total();
  CAPTURE(seed, c.text(), needed);
  const Setup enough = with_capacity(c, needed);
  const Setup short_of_it = with_capacity(c, std::nextafter(needed, 0.0));
  Evaluator fits(enough);
  Evaluator too_small(short_of_it);
  CHECK(fits.evaluate(c.point).feasible());
  const PointResult result = too_small.evaluate(c.point);
  CHECK(result.shortage != Shortage::None);
  CHECK(result.ttl == SimTime());
}

TEST_CASE("the shortage says whether the weights alone fit", "[decode][memory]") {
  const Bytes usable(100);
  const auto shortage = [&](double weights, double kv, double reserve) {
    return shortage_of(
        {.weights = Bytes(weights), .kv = Bytes(kv), .reserve = Bytes(reserve), .usable = usable});
  };
  CHECK(shortage(60, 40, 0) == Shortage::None);
  CHECK(shortage(60, 41, 0) == Shortage::KvCache);
  CHECK(shortage(100, 1, 0) == Shortage::KvCache);
  CHECK(shortage(101, 0, 0) == Shortage::Weights);
  CHECK(shortage(90, 0, 11) == Shortage::Weights);
  CHECK(shortage(90, 5, 6) == Shortage::KvCache);
}

TEST_CASE("the reserve is taken from what the points may use", "[decode][memory]") {
  PointCase c(0);
  c.point.context += 1'000'000;
  CAPTURE(c.text());
  const double needed = memory_use(c.setup(), c.point).total().value();
  const Setup enough = with_capacity(c, needed + 3e9, "3 GB");
  const Setup short_of_it = with_capacity(c, needed + 2.9e9, "3 GB");
  CHECK(memory_use(enough, c.point).fits());
  CHECK_FALSE(memory_use(short_of_it, c.point).fits());
}

TEST_CASE("one GPU holds all parameters and all KV", "[decode][memory]") {
  for (const ModelSpec& model :
       {llama_405b(), deepseek_r1(), small_gqa_model(), small_mla_moe_model()}) {
    CAPTURE(model.name);
    const Setup setup = make_setup(model, "ideal", {});
    const MemoryUse use = memory_use(setup, on_one_gpu(3, 1000));
    CHECK(use.weights.value() == Approx(0.5 * parameter_count(model)).epsilon(1e-12));
    const double per_token = setup.attention->kv_elements_per_token(setup.attention->kv_heads());
    CHECK(use.kv.value() == Approx(0.5 * 3 * 1000 * per_token * model.layers()));
  }
}

TEST_CASE("a stage holds the KV of all micro-batches in flight", "[decode][memory]") {
  // 126 layers in 4 stages: the fullest has 32; 4 micro-batches of 2 requests.
  const Setup setup = make_setup(llama_405b(), "ideal", {});
  Point point = on_one_gpu(2, 1e6);
  point.layout.pp = 4;
  CHECK(memory_use(setup, point).kv.value() == 4.0 * 2 * 1e6 * 2 * 8 * 128 * 0.5 * 32);
}

TEST_CASE("an infeasible point is explained in one sentence with its numbers", "[decode][memory]") {
  const MemoryUse use{
      .weights = Bytes(200e9), .kv = Bytes(50e9), .reserve = Bytes(), .usable = Bytes(171e9)};
  CHECK(explain_infeasible(use) ==
        "weights 200 GB + KV cache 50 GB = 250 GB exceed the usable 171 GB of the fullest GPU");
  const MemoryUse with_reserve{
      .weights = Bytes(1e9), .kv = Bytes(1e9), .reserve = Bytes(1e9), .usable = Bytes(2e9)};
  CHECK(explain_infeasible(with_reserve) ==
        "weights 1 GB + KV cache 1 GB + reserve 1 GB = 3 GB exceed the usable 2 GB of the fullest "
        "GPU");
}

TEST_CASE("the fullest stage is the one of the heavier layers", "[decode][memory]") {
  // Dense layers of 3 * 2048 * 400,000 elements against experts of 256 columns: with two stages of
  // three layers each, the stage of dense layers is the fullest.
  ModelSpec model = small_mla_moe_model();
  model.dense = {.layers = 3, .intermediate = 400'000};
  model.moe.layers = 3;
  model.moe.intermediate = 256;
  const Setup setup = make_setup(model, "ideal", roomy());
  const Point point{.strategy = &strategy_named("tp"),
                    .layout = {.tpa = 1, .kvp = 1, .dp = 1, .tpf = 1, .ep = 1, .pp = 2},
                    .batch = 1,
                    .context = 1000,
                    .hop_b = {}};
  CHECK(memory_use(setup, point).weights.value() > 3 * 3.0 * 2048 * 400'000 * 0.5);
}
