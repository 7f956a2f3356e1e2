#include "sim/decode/critical_path.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "sim/config/catalog.hpp"
#include "sim/decode/rack_step.hpp"
#include "sim/decode/sensitivity.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

double sum_of(const std::vector<CriticalOperation>& rows) {
  double sum = 0.0;
  for (const CriticalOperation& row : rows) sum += row.seconds;
  return sum;
}

}  // namespace

TEST_CASE("operations on the critical path add up to the TTL",
          "[decode][critical_path][property]") {
  const auto seed = GENERATE(range(0U, 120U));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  Setup setup = c.setup();
  if (seed % 3 == 0) setup.rack.stragglers = {{0, 1.5}};
  const bool is_figure =
      c.point.hop_b.mode == HopBMode::Figure3 || c.point.hop_b.mode == HopBMode::Figure3Lockstep;
  if (seed % 6 == 0 && !is_figure) setup.rack.network = Network::Flows;
  Evaluator evaluator(setup);
  const PointResult result = evaluator.evaluate(c.point);
  REQUIRE(result.feasible());
  const auto rows = critical_operations(evaluator, result.ttl);
  CHECK(sum_of(rows) == Approx(result.ttl.seconds().value()).epsilon(1e-9));
  for (std::size_t i = 1; i < rows.size(); ++i) CHECK(rows[i].seconds <= rows[i - 1].seconds);
  // Before anything is put in proportion the path itself has no gap.
  const auto has_no_gap = [](const TaskGraph& graph, const Timeline& timeline) {
    SimTime on_path;
    for (const TaskId task : critical_path(graph, timeline)) {
      on_path += timeline.finish(task) - timeline.start(task);
    }
    CHECK(on_path == timeline.makespan());
  };
  has_no_gap(evaluator.schedule().graph(), evaluator.schedule().timeline());
  if (const RackStep* rack = evaluator.rack()) {
    has_no_gap(rack->schedule().graph(), rack->schedule().timeline());
  }
}

TEST_CASE("layers that stand for others count as often on the critical path",
          "[decode][critical_path]") {
  const auto seconds = [](bool every_rank, Network network) {
    Setup setup = make_setup(deepseek_r1(), "paper", roomy());
    setup.rack.stragglers = {{3, 1.5}};
    setup.rack.every_rank = every_rank;
    setup.rack.network = network;
    Evaluator evaluator(setup);
    const Point point{.strategy = &strategy_named("helix"),
                      .layout = {.kvp = 8, .tpf = 4, .ep = 2},
                      .batch = 8,
                      .context = 1e6,
                      .hop_b = {HopBMode::Chunks, 4}};
    const PointResult result = evaluator.evaluate(point);
    CHECK(evaluator.rack()->result().layers_run == (every_rank ? 61 : 6));
    std::map<std::string_view, double> rows;
    for (const auto& row : critical_operations(evaluator, result.ttl)) rows[row.name] = row.seconds;
    return rows;
  };
  const Network network = GENERATE(Network::AlphaBeta, Network::Flows);
  const auto few = seconds(false, network);
  for (const auto& [name, all] : seconds(true, network)) {
    CAPTURE(name);
    CHECK(few.at(name) == Approx(all).epsilon(0.02).margin(1e-6));
  }
}

TEST_CASE("more of a resource never makes a step slower", "[decode][sensitivity][property]") {
  const auto seed = GENERATE(range(0U, 40U));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  SetupRequest request;
  request.model = "deepseek-r1";
  request.fidelity = c.fidelity;
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const std::vector<Override> roomy_system{{"system.gpu.memory.capacity.value", "10 TB"}};
  const Setup setup = make_setup(request, catalog, roomy_system);
  Point point = c.point;
  point.strategy = &strategy_named("helix");
  point.layout = {.tpa = 1, .kvp = 8, .tpf = 4, .ep = 2};
  point.batch = 16;
  if (point.hop_b.mode == HopBMode::Chunks) point.hop_b.chunks = 4;
  const SimTime as_it_is = ttl(setup, point);
  const auto rows = sensitivity(request, catalog, roomy_system, point);
  CHECK(rows.size() == 5);  // one NVL domain has no NIC
  double before = 1.0;
  for (const SensitivityRow& row : rows) {
    CAPTURE(row.resource);
    CHECK(row.ttl <= as_it_is);
    CHECK(row.gain <= before);
    before = row.gain;
  }
}

TEST_CASE("what bounds a step is what helps it", "[decode][sensitivity]") {
  SetupRequest request;
  request.model = "llama-3.1-405b";
  request.fidelity = "ideal";
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const std::vector<Override> roomy_system{{"system.gpu.memory.capacity.value", "10 TB"}};
  const Point point{.strategy = &strategy_named("tp"),
                    .layout = {.tpa = 1, .tpf = 1},
                    .batch = 1,
                    .context = 1e6,
                    .hop_b = {}};
  // One GPU, no latency: all of the step is reading HBM, so 10 % more of it saves 1 - 1/1.1.
  const auto rows = sensitivity(request, catalog, roomy_system, point);
  CHECK(rows.front().resource == "HBM bandwidth + 10 %");
  CHECK(rows.front().gain == Approx(1 - 1 / 1.1).epsilon(1e-3));
  for (std::size_t i = 1; i < rows.size(); ++i) CHECK(rows[i].gain == Approx(0.0).margin(1e-6));
}

TEST_CASE("a quantity is scaled with its unit", "[decode][sensitivity]") {
  CHECK(scaled_quantity("8 TB/s", 1.5) == "12 TB/s");
  CHECK(scaled_quantity("2.5us", 2.0) == "5us");
  CHECK_THROWS_WITH(scaled_quantity("fast", 2.0), Catch::Contains("number"));
}
