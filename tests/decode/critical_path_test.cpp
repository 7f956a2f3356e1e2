#include "sim/decode/critical_path.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "sim/decode/rack_step.hpp"
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
