#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "sim/decode/step_report.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

Point helix_point(HopB hop_b) {
  return {.strategy = &strategy_named("helix"),
          .layout = {.tpa = 8, .kvp = 8, .tpf = 64},
          .batch = 8,
          .context = 1e6,
          .hop_b = hop_b};
}

StepReport report(const Setup& setup, const Point& point) {
  Evaluator evaluator(setup);
  return report_step(evaluator, point);
}

}  // namespace

TEST_CASE("a layer's report begins at zero, ends with the layer and hides nothing twice",
          "[decode][report][property]") {
  const auto seed = GENERATE(range(0U, 80U));
  const PointCase c(seed);
  const std::string latency = GENERATE("0 us", "4 us");
  CAPTURE(seed, c.text(), latency);
  const Setup setup = c.setup({{"fidelities.paper.collectives.kvp_exchange_latency.value", latency},
                               {"fabric.link_bandwidth.value", "5 GB/s"}});
  const StepReport step = report(setup, c.point);
  REQUIRE_FALSE(step.layers.empty());
  for (const LayerReport& layer : step.layers) {
    REQUIRE_FALSE(layer.operations.empty());
    SimTime first = layer.duration;
    SimTime last;
    SimTime exposed;
    for (const OperationReport& op : layer.operations) {
      CAPTURE(op.name);
      first = std::min(first, op.start);
      last = std::max(last, op.finish);
      exposed += op.exposed;
      CHECK(op.finish >= op.start);
      CHECK(op.exposed <= op.duration);
    }
    CHECK(first == SimTime());
    CHECK(last == layer.duration);
    CHECK(exposed == layer.duration);
  }
}

TEST_CASE("latencies that pass side by side are exposed once", "[decode][report]") {
  // Short context: the exchange of 16 chunks is the longer stage, and the latency of each passes
  // beside the next one's transfer.
  const Setup setup =
      make_setup(deepseek_r1(), "paper",
                 {{"fidelities.paper.collectives.kvp_exchange_latency.value", "4 us"}});
  const StepReport step = report(setup, {.strategy = &strategy_named("helix"),
                                         .layout = {.kvp = 64, .tpf = 8, .ep = 8},
                                         .batch = 16,
                                         .context = 1000,
                                         .hop_b = {HopBMode::Chunks, 16}});
  SimTime exposed;
  for (const OperationReport& op : step.layers[0].operations) exposed += op.exposed;
  CHECK(exposed == step.layers[0].duration);
}

TEST_CASE("a report covers every layer and its operations once", "[decode][report]") {
  const Setup setup = make_setup(deepseek_r1(), "paper", {});
  const Point point{.strategy = &strategy_named("helix"),
                    .layout = {.kvp = 16, .tpf = 4, .ep = 4},
                    .batch = 4,
                    .context = 1e6,
                    .hop_b = {HopBMode::Chunks, 4}};
  const StepReport step = report(setup, point);
  REQUIRE(step.layers.size() == 2);
  CHECK(step.layers[0].kind == "dense");
  CHECK(step.layers[0].count == 3);
  CHECK(step.layers[1].kind == "moe");
  CHECK(step.layers[1].count == 58);
  const auto& operations = step.layers[1].operations;
  const auto times =
      std::count_if(operations.begin(), operations.end(),
                    [](const OperationReport& op) { return op.name == "attention"; });
  CHECK(times == 1);  // chunks of HOP-B are put together
}

TEST_CASE("an infeasible point is reported by its memory alone", "[decode][report]") {
  const Setup setup = make_setup(llama_405b(), "paper", {});
  const StepReport step = report(
      setup,
      {.strategy = &strategy_named("tp"), .layout = {}, .batch = 1, .context = 1e6, .hop_b = {}});
  CHECK(step.result.shortage == Shortage::Weights);
  CHECK(step.layers.empty());
  CHECK(step.ends.empty());
}

TEST_CASE("options without effect are warned about", "[decode][report]") {
  const Setup setup = make_setup(llama_405b(), "ideal", roomy(), {.overlap_all_reduce = true});
  Point point = helix_point({HopBMode::Best, 1});
  CHECK(report(setup, point).warnings.empty());
  point.layout = {.tpa = 8, .tpf = 8};
  CHECK(report(setup, point).warnings ==
        std::vector<std::string>{"hop_b has no effect: kvp 1 has no exchange"});
  point.strategy = &strategy_named("medha");
  CHECK(report(setup, point).warnings.size() == 2);
}

TEST_CASE("drawn experts of a model that has none are warned about", "[decode][report]") {
  Setup setup = make_setup(llama_405b(), "ideal", roomy());
  setup.rack.sample_experts = true;
  const auto warnings = report(setup, helix_point({})).warnings;
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings.front(), Catch::StartsWith("experts has no effect: model "));
}
