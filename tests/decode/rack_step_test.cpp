#include "sim/decode/rack_step.hpp"

#include <catch2/catch.hpp>
#include <utility>

#include "sim/config/config_error.hpp"
#include "sim/decode/rack_effects.hpp"
#include "sim/decode/step_report.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

constexpr unsigned kSeeds = 200;
constexpr unsigned kFewSeeds = 60;  // where a step has many flows

/// A random point, evaluated, that fits and is no figure of the paper.
struct RackCase {
  explicit RackCase(unsigned seed) : c(seed), setup(c.setup()), evaluator(setup) {
    if (c.point.hop_b.mode == HopBMode::Figure3 || c.point.hop_b.mode == HopBMode::Figure3Lockstep)
      c.point.hop_b = {HopBMode::Off, 1};
    folded = evaluator.evaluate(c.point);
  }

  [[nodiscard]] SimTime ttl(const RankEffects& effects, bool every_layer = true) const {
    return RackStep(evaluator, c.point, {.effects = effects, .every_layer = every_layer})
        .result()
        .ttl;
  }
  [[nodiscard]] RankEffects straggler(int rank, double slowdown) const {
    RankEffects effects;
    effects.slowdown.assign(static_cast<std::size_t>(c.point.layout.gpus()), 1.0);
    effects.slowdown[static_cast<std::size_t>(rank)] = slowdown;
    return effects;
  }

  PointCase c;
  Setup setup;
  Evaluator evaluator;
  PointResult folded;
};

RankEffects over_flows(RankEffects effects = {}) {
  effects.network = Network::Flows;
  return effects;
}

/// A point that fits, evaluated, to be run on all its ranks.
struct KnownStep {
  KnownStep(Setup of, Point at)
      : setup(std::move(of)),
        evaluator(setup),
        point(std::move(at)),
        folded(evaluator.evaluate(point)) {
    REQUIRE(folded.feasible());
  }

  [[nodiscard]] RackResult run(const RankEffects& effects, bool every_layer = true) const {
    return RackStep(evaluator, point, {.effects = effects, .every_layer = every_layer}).result();
  }
  [[nodiscard]] double seconds(const RankEffects& effects, bool every_layer = true) const {
    return run(effects, every_layer).ttl.seconds().value();
  }

  Setup setup;
  Evaluator evaluator;
  Point point;
  PointResult folded;
};

Point on(const char* strategy, const Layout& layout, int batch, double context,
         HopB hop_b = {HopBMode::Off, 1}) {
  return {.strategy = &strategy_named(strategy),
          .layout = layout,
          .batch = batch,
          .context = context,
          .hop_b = hop_b};
}

constexpr Layout kHelixOn64{.tpa = 8, .kvp = 8, .tpf = 64};
constexpr Layout kExpertsOn8{.dp = 8, .tpf = 1, .ep = 8};

Setup llama(const std::vector<Override>& changes = {}) {
  return make_setup(llama_405b(), "paper", roomy(changes));
}

}  // namespace

TEST_CASE("simulating every rank and layer gives the time of the folded step, to the picosecond",
          "[decode][rack][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Evaluator evaluator(setup);
  const PointResult folded = evaluator.evaluate(c.point);
  REQUIRE(folded.feasible());
  CHECK(RackStep(evaluator, c.point, {}).result().ttl == folded.ttl);
}

TEST_CASE("both executors give every task of the rack the same times", "[decode][rack][property]") {
  const auto seed = GENERATE(range(0U, kFewSeeds));
  const RackCase r(seed);
  CAPTURE(seed, r.c.text());
  RankEffects effects = r.straggler(0, 1.5);
  effects.jitter = 0.2;
  RackSchedule rack(r.setup.hardware, r.evaluator.schedule(), r.c.point.layout, effects);
  for (std::size_t block = 0; block < kBlocks; ++block) {
    for (int stage = 0; stage < r.c.point.layout.pp; ++stage) {
      rack.append(stage, block, static_cast<int>(block));
    }
  }
  rack.run();
  TaskGraph again;  // with successors, which the event engine needs
  for (const ResourceKind kind : rack.graph().resource_kinds()) again.add_resource(kind);
  for (TaskId task = 0; task < rack.graph().task_count(); ++task) {
    again.add({.work = rack.graph().duration(task), .resource = rack.graph().resources()[task]},
              rack.graph().predecessors(task));
  }
  again.seal();
  EventExecutor events;
  const Timeline& timeline = events.run(again);
  for (TaskId task = 0; task < timeline.task_count(); ++task) {
    REQUIRE(timeline.start(task) == rack.timeline().start(task));
    REQUIRE(timeline.finish(task) == rack.timeline().finish(task));
  }
}

TEST_CASE("equal ranks without contention take over flows what the closed forms say",
          "[decode][rack][flows][property]") {
  const auto seed = GENERATE(range(0U, kFewSeeds));
  const RackCase r(seed);
  CAPTURE(seed, r.c.text());
  const double flows = r.ttl(over_flows(), false).seconds().value();
  const double closed_form = r.folded.ttl.seconds().value();
  if (r.c.point.layout.pp == 1) {
    // Each transfer is rounded to whole picoseconds apart: a few on messages of a microsecond.
    CHECK(flows == Approx(closed_form).epsilon(5e-6));
  } else {
    CHECK(flows >= closed_form * (1.0 - 5e-6));  // a hop may meet the next stage's exchanges
  }
}

TEST_CASE("layers that repeat are counted and give what running them gives",
          "[decode][rack][property]") {
  const auto seed = GENERATE(range(0U, kFewSeeds));
  const RackCase r(seed);
  CAPTURE(seed, r.c.text());
  const int rank = static_cast<int>(seed) % r.c.point.layout.gpus();
  CHECK(r.ttl({}, false) == r.ttl({}, true));
  CHECK(r.ttl(r.straggler(rank, 1.7), false) == r.ttl(r.straggler(rank, 1.7), true));
  RankEffects failed = over_flows(r.straggler(rank, 1.2));
  failed.failed_links = {{r.setup.hardware.fabric().egress_link(rank), 0.3}};
  CHECK(r.ttl(failed, false) == r.ttl(failed, true));
}

TEST_CASE("jitter is never taken to repeat", "[decode][rack]") {
  const RackCase r(3);
  RankEffects effects;
  effects.jitter = 0.1;
  const RackStep few(r.evaluator, r.c.point, {.effects = effects, .every_layer = false});
  CHECK(few.result().layers_run == r.setup.model.layers());
  CHECK(few.result().ttl == r.ttl(effects, true));
}

TEST_CASE("a slower rank, jitter or a failed link never makes a step faster",
          "[decode][rack][property]") {
  const auto seed = GENERATE(range(0U, kFewSeeds));
  const RackCase r(seed);
  CAPTURE(seed, r.c.text());
  const int rank = static_cast<int>(seed * 7) % r.c.point.layout.gpus();
  CHECK(r.ttl(r.straggler(rank, 1.3), false) >= r.folded.ttl);
  CHECK(r.ttl(r.straggler(rank, 2.0), false) >= r.ttl(r.straggler(rank, 1.3), false));
  RankEffects jitter;
  jitter.jitter = 0.2;
  jitter.seed = seed;
  CHECK(r.ttl(jitter) >= r.folded.ttl);
  RankEffects failed = over_flows();
  failed.failed_links = {{r.setup.hardware.fabric().egress_link(rank), 0.2},
                         {r.setup.hardware.fabric().ingress_link(rank), 0.2}};
  CHECK(r.ttl(failed, false).seconds().value() >=
        r.ttl(over_flows(), false).seconds().value() * (1.0 - 1e-6));
}

TEST_CASE("which rank is slow does not matter where ranks are alike", "[decode][rack][property]") {
  const auto seed = GENERATE(range(0U, kFewSeeds));
  const RackCase r(seed);
  if (r.c.point.layout.pp > 1) return;  // stages differ
  CAPTURE(seed, r.c.text());
  const int last = r.c.point.layout.gpus() - 1;
  const SimTime first_slow = r.ttl(r.straggler(0, 1.4), false);
  CHECK(r.ttl(r.straggler(last, 1.4), false) == first_slow);
  CHECK(r.ttl(r.straggler(last / 2, 1.4), false) == first_slow);
}

TEST_CASE("the exchange of figure 3 cannot run over flows", "[decode][rack]") {
  const KnownStep step(llama(), on("helix", kHelixOn64, 8, 1e6, {HopBMode::Figure3, 1}));
  CHECK_THROWS_WITH(step.run(over_flows()), Catch::Contains("figure 3"));
}

TEST_CASE("a slow port holds up an exchange over flows and no closed form sees it",
          "[decode][rack][flows]") {
  const KnownStep step(llama(), on("helix", kHelixOn64, 64, 1e6));
  RankEffects failed;
  failed.failed_links = {{step.setup.hardware.fabric().egress_link(5), 0.1}};
  CHECK(step.run(failed).ttl == step.folded.ttl);
  const SimTime slowed = step.run(over_flows(failed)).ttl;
  // Everything that GPU 5 sends takes ten times as long: all-reduces of 64 x 16384 x 2 bytes, two a
  // layer, at 720 GB/s or 72 GB/s, and its part of the exchange.
  const double all_reduce = 64.0 * 16384 * 2 / 720e9;
  const double exchange = 64.0 * 16 * (128 * 2 + 4) * 7 / 8 / 720e9;
  const double longer = 126 * 9 * (2 * all_reduce + exchange);
  CHECK((slowed - step.folded.ttl).seconds().value() == Approx(longer).epsilon(0.01));
}

TEST_CASE("transfers that share HBM slow the attention that hides them", "[decode][rack][flows]") {
  // Slow links, so that an exchange lasts beyond the launch of the attention beside it.
  const auto with_hop_b = [](HopB hop_b) {
    return KnownStep(llama({{"fabric.link_bandwidth.value", "1 GB/s"}}),
                     on("helix", kHelixOn64, 64, 1e6, hop_b));
  };
  RankEffects shared = over_flows();
  shared.share_hbm = true;
  const KnownStep overlapped = with_hop_b({HopBMode::Chunks, 4});
  CHECK(overlapped.run(shared).ttl > overlapped.run(over_flows()).ttl);
  const KnownStep serial = with_hop_b({HopBMode::Off, 1});  // nothing runs beside the exchange
  CHECK(serial.seconds(shared) == Approx(serial.seconds(over_flows())).epsilon(1e-6));
}

TEST_CASE("ranks that do not differ after all book their time as one rank does",
          "[decode][rack][property]") {
  const auto seed = GENERATE(range(0U, kFewSeeds));
  const RackCase r(seed);
  CAPTURE(seed, r.c.text());
  const RackResult all =
      RackStep(r.evaluator, r.c.point, {.effects = r.straggler(0, 1.0)}).result();
  REQUIRE(all.ttl == r.folded.ttl);
  // Event accounting of a pipeline: a rank books its own stage, folded the slowest stage pp times.
  if (r.c.point.layout.pp > 1 && r.c.fidelity != "ideal") return;
  for (std::size_t c = 0; c < kTimeCategories; ++c) {
    CAPTURE(c);
    CHECK(all.seconds[c] == Approx(r.folded.seconds[c]).epsilon(1e-6).margin(1e-9));
  }
}

TEST_CASE("the report of ranks that differ gives the times of the one that computes longest",
          "[decode][rack][report]") {
  Setup setup = llama();
  const Point point = on("helix", {.tpa = 8, .kvp = 2, .tpf = 16}, 8, 1e6);
  Evaluator evaluator(setup);
  const StepReport even = report_step(evaluator, point);
  setup.rack.stragglers = {{5, 2.0}};
  const StepReport slow = report_step(evaluator, point);
  REQUIRE(slow.ranks_differ);
  REQUIRE_FALSE(even.ranks_differ);
  const auto& before = even.layers[0].operations;
  const auto& after = slow.layers[0].operations;
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CAPTURE(before[i].name);
    const double factor = before[i].kind == "collective" ? 1.0 : 2.0;
    CHECK(after[i].duration.seconds().value() ==
          Approx(factor * before[i].duration.seconds().value()).epsilon(1e-6));
  }
  double layers = 0.0;
  for (const LayerReport& layer : slow.layers) {
    layers += layer.count * layer.duration.seconds().value();
  }
  for (const OperationReport& op : slow.ends) layers += op.duration.seconds().value();
  CHECK(layers == Approx(slow.result.ttl.seconds().value()).epsilon(1e-6));
}

TEST_CASE("over flows the same communication is hidden as by the closed forms",
          "[decode][rack][flows]") {
  const KnownStep step(llama(), on("helix", kHelixOn64, 64, 64e3, {HopBMode::Chunks, 8}));
  REQUIRE(step.folded.hidden_seconds > 1e-3);
  const RackResult flows = step.run(over_flows());
  CHECK(flows.hidden_seconds == Approx(step.folded.hidden_seconds).epsilon(1e-3));
  for (std::size_t c = 0; c < kTimeCategories; ++c) {
    CHECK(flows.seconds[c] == Approx(step.folded.seconds[c]).epsilon(1e-3));
  }
}

TEST_CASE("an expert rank that many tokens choose receives at dispatch and sends at combine",
          "[decode][rack][flows]") {
  const KnownStep step(make_setup(deepseek_r1(), "paper", roomy()),
                       on("dp", kExpertsOn8, 256, 64e3));
  const auto ttl = [&](const FabricLinkId link) {
    RankEffects effects = over_flows();
    effects.token_load = {4, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1};
    effects.failed_links = {{link, 0.01}};
    return step.seconds(effects, false);
  };
  const Fabric& fabric = step.setup.hardware.fabric();
  CHECK(ttl(fabric.egress_link(0)) == Approx(ttl(fabric.ingress_link(0))).epsilon(0.05));
  CHECK(ttl(fabric.egress_link(1)) == Approx(ttl(fabric.ingress_link(1))).epsilon(0.05));
  CHECK(ttl(fabric.egress_link(0)) > 1.5 * ttl(fabric.egress_link(1)));
}

TEST_CASE("a rank's experts read and compute what its loads say", "[decode][rack]") {
  const KnownStep step(make_setup(deepseek_r1(), "paper", roomy()),
                       on("dp", kExpertsOn8, 64, 64e3));
  const Hardware& hardware = step.setup.hardware;
  double longer = 0.0;  // of a layer
  for (const Operation& op : step.evaluator.operations(Block::Moe)) {
    if (op.work.kind != KernelKind::GroupedGemm) continue;
    KernelWork more = op.work;
    more.weight_bytes *= 1.5;
    longer += (hardware.duration(more) - hardware.duration(op.work)).value();
  }
  RankEffects effects;
  effects.expert_load = {1, 1, 1, 1.5, 1, 1, 1, 1};
  const RackResult uneven = step.run(effects);
  CHECK(longer > 0.0);
  CHECK((uneven.ttl - step.folded.ttl).seconds().value() == Approx(58 * longer).epsilon(1e-6));
  CHECK(uneven.slowest_rank == 3);
}

TEST_CASE("a rank faster than the law keeps its speed where HBM is shared",
          "[decode][rack][flows]") {
  const KnownStep step(llama(), on("tp", {.tpa = 2, .tpf = 2}, 1, 64e3));
  RankEffects fast = over_flows();
  fast.slowdown = {0.5, 0.5};
  const double alone = step.seconds(fast);
  fast.share_hbm = true;
  CHECK(step.seconds(fast) == Approx(alone).epsilon(1e-6));
}

TEST_CASE("an all-reduce takes from HBM what its algorithm reads and writes there",
          "[decode][rack][flows]") {
  // Sent and received by each GPU: the buffer up and down through switches that add, or twice 3/4
  // of it each way in two shots. Either ends within the FFN's last GEMM, beside which it runs.
  const auto longer = [](const std::string& all_reduce) {
    const KnownStep step({llama_405b(),
                          gb200_hardware("paper", roomy(), all_reduce),
                          PrecisionPlan(),
                          {.overlap_all_reduce = true}},
                         on("tp", {.tpa = 4, .tpf = 4}, 64, 64e3));
    RankEffects shared = over_flows();
    shared.share_hbm = true;
    const auto gemm = static_cast<std::size_t>(TimeCategory::Gemm);
    return step.run(shared).seconds[gemm] - step.run(over_flows()).seconds[gemm];
  };
  CHECK(longer("two_shot") / longer("in_switch") == Approx(3.0 / 2).epsilon(0.05));
}

TEST_CASE("micro-batches that gather slowly before the slowest stage take its time all the same",
          "[decode][rack]") {
  // 5 layers in 3 stages: the second is 0.7 us slower than the first, so that its queue fills over
  // more rounds than are run.
  const KnownStep step(make_setup(small_mla_moe_model(), "paper", roomy()),
                       on("tp", {.tpa = 4, .tpf = 4, .pp = 3}, 6, 1.5e6));
  CHECK(step.run({}).ttl == step.folded.ttl);
}
