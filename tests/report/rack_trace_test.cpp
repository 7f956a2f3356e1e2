#include "sim/report/rack_trace.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "sim/report/rack_pieces.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

/// A step that was run on every rank, and what it was made of.
struct TracedStep {
  TracedStep(Setup all, const Point& asked, const RankEffects& effects = {})
      : setup(std::move(all)), point(asked), evaluator(setup) {
    feasible = evaluator.evaluate(point).feasible();
    if (!feasible) return;
    step.emplace(evaluator, point, RackOptions{.effects = effects, .keep_link_samples = true});
  }

  [[nodiscard]] RackTrace trace(std::optional<int> layers = 0) const {
    return trace_of(*step, setup, point, layers);
  }

  Setup setup;
  Point point;
  Evaluator evaluator;
  bool feasible = false;
  std::optional<RackStep> step;
};

Point small_helix() {
  return {.strategy = &strategy_named("helix"),
          .layout = {.tpa = 2, .kvp = 4, .tpf = 8},
          .batch = 4,
          .context = 1e6,
          .hop_b = {HopBMode::Chunks, 2}};
}

Setup small_setup(const std::vector<Override>& changes = {}) {
  return make_setup(llama_405b(), "paper", roomy(changes));
}

RankEffects over(Network network, bool share_hbm = false) {
  RankEffects effects;
  effects.network = network;
  effects.share_hbm = share_hbm;
  return effects;
}

RankEffects straggler(int rank, Network network = Network::AlphaBeta) {
  RankEffects effects = over(network);
  effects.slowdown.assign(8, 1.0);
  effects.slowdown[static_cast<std::size_t>(rank)] = 1.5;
  return effects;
}

std::string track_name(const Trace& trace, const TraceSlice& slice) {
  return trace.names()[trace.tracks()[slice.track].name];
}

ProcessId gpu_of(const Trace& trace, const TraceSlice& slice) {
  return trace.tracks()[slice.track].process;
}

/// GB/s over time, by name and GPU, as gigabytes.
double gigabytes(const Trace& trace, const std::string& name, ProcessId gpu) {
  double sum = 0.0;
  const TraceSample* before = nullptr;
  for (const TraceSample& sample : trace.samples()) {
    const TraceCounter& counter = trace.counters()[sample.counter];
    if (counter.process != gpu || trace.names()[counter.name] != name) continue;
    if (before != nullptr) sum += before->value * (sample.time - before->time).seconds().value();
    before = &sample;
  }
  REQUIRE(before != nullptr);
  CHECK(before->value == 0.0);
  return sum;
}

}  // namespace

TEST_CASE("a trace holds all that streams did, on rows where nothing overlaps",
          "[report][trace][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  RankEffects effects;
  if (seed % 3 == 0) effects.jitter = 0.1;
  const TracedStep traced(c.setup(), c.point, effects);
  if (!traced.feasible) return;
  const Trace trace = traced.trace().trace;
  CHECK_NOTHROW(slices_in_order(trace));
  const RackSchedule& schedule = traced.step->schedule();
  CHECK(trace.processes().size() == static_cast<std::size_t>(schedule.ranks()));
  std::map<std::pair<ProcessId, std::string>, SimTime> busy;
  SimTime last;
  for (const TraceSlice& slice : trace.slices()) {
    busy[{gpu_of(trace, slice), track_name(trace, slice)}] += slice.duration;
    last = std::max(last, slice.end());
  }
  CHECK(last == schedule.timeline().makespan());
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    const auto gpu = static_cast<ProcessId>(rank);
    const auto of = [&](ResourceId stream) {
      return busy_time(schedule.graph(), schedule.timeline(), stream);
    };
    CHECK(busy[{gpu, "compute"}] == of(schedule.compute_stream(rank)));
    CHECK(busy[{gpu, "communication"}] == of(schedule.communication_stream(rank)));
  }
}

TEST_CASE("layers are a ruler: as many a GPU as the model has", "[report][trace]") {
  const TracedStep traced(small_setup(), small_helix());
  const Trace trace = traced.trace().trace;
  int layers = 0;
  for (const TraceSlice& slice : trace.slices()) {
    if (track_name(trace, slice) == "layer" && gpu_of(trace, slice) == 0) ++layers;
  }
  CHECK(layers == 126);
}

TEST_CASE("nobody waits for another GPU where all do the same", "[report][trace]") {
  for (const Network network : {Network::AlphaBeta, Network::Flows}) {
    const TracedStep traced(small_setup(), small_helix(), over(network));
    CHECK(traced.trace().trace.flows().empty());
  }
}

TEST_CASE("arrows lead from a slow GPU to those that wait for it", "[report][trace]") {
  for (const Network network : {Network::AlphaBeta, Network::Flows}) {
    const TracedStep traced(small_setup(), small_helix(), straggler(5, network));
    const Trace trace = traced.trace().trace;
    REQUIRE_FALSE(trace.flows().empty());
    std::set<ProcessId> waiting;
    for (const TraceFlow& flow : trace.flows()) {
      CHECK(gpu_of(trace, trace.slices()[flow.from]) == 5);
      waiting.insert(gpu_of(trace, trace.slices()[flow.to]));
    }
    // The exchange's group, ranks of the same heads, waits for it, and the all-reduce of all GPUs.
    CHECK(waiting == std::set<ProcessId>{0, 1, 2, 3, 4, 6, 7});
    // At most one arrow for each collective of each GPU.
    CHECK(trace.flows().size() <= 126U * 8U * 4U);
  }
}

TEST_CASE("a pipeline stage waits for the one before it, GPU by GPU", "[report][trace]") {
  Point point = small_helix();
  point.layout.pp = 2;
  const TracedStep traced(small_setup(), point);
  const Trace trace = traced.trace().trace;
  REQUIRE_FALSE(trace.flows().empty());
  for (const TraceFlow& flow : trace.flows()) {
    const ProcessId from = gpu_of(trace, trace.slices()[flow.from]);
    CHECK(gpu_of(trace, trace.slices()[flow.to]) == (from + 8) % 16);
  }
}

TEST_CASE("counters add up to the bytes that are read and sent", "[report][trace]") {
  Point point = small_helix();
  // Off: in a chunk's exchange the bytes are those of the chunk, which adds up to the same.
  point.hop_b = GENERATE(HopB{}, HopB{HopBMode::Chunks, 3}, HopB{HopBMode::DeviceInitiated, 1});
  const Network network = GENERATE(Network::AlphaBeta, Network::Flows);
  CAPTURE(to_text(point.hop_b), network == Network::Flows);
  const TracedStep traced(small_setup(), point, over(network, network == Network::Flows));
  double read = 0.0;
  double sent = 0.0;
  const int counts[] = {1, 126, 126, 0, 1, 0};
  for (const ScheduledOperation& op : traced.evaluator.schedule().operations()) {
    read += counts[op.block] * op.operation->work.hbm_bytes().value() / 1e9;
    sent += counts[op.block] * op.sent.value() / 1e9;
  }
  const Trace trace = traced.trace().trace;
  if (network == Network::AlphaBeta) {
    CHECK(gigabytes(trace, "HBM", 3) == Approx(read).epsilon(1e-5));
    CHECK(gigabytes(trace, "links out", 3) == Approx(sent).epsilon(1e-4));
  } else {
    CHECK(gigabytes(trace, "HBM", 3) == Approx(read + 2 * sent).epsilon(1e-3));
    CHECK(gigabytes(trace, "NVLink out", 3) == Approx(sent).epsilon(1e-3));
    CHECK(gigabytes(trace, "NVLink in", 3) == Approx(sent).epsilon(1e-3));
  }
}

TEST_CASE("transfers of one GPU that begin and end together are one slice", "[report][trace]") {
  const TracedStep traced(small_setup(), small_helix(), over(Network::Flows));
  const Trace trace = traced.trace().trace;
  std::set<std::string> names;
  for (const TraceSlice& slice : trace.slices()) {
    const std::string track = track_name(trace, slice);
    if (gpu_of(trace, slice) == 0 && track.starts_with("links")) {
      CHECK(track == "links");  // one row is enough
      names.insert(trace.names()[slice.name]);
    }
  }
  CHECK(names.count("kvp_all_to_all to 3 GPUs") == 1);
  CHECK(names.count("attn_all_reduce in switches") == 1);
}

TEST_CASE("latencies beside the next exchange have rows of their own", "[report][trace]") {
  const TracedStep traced(
      small_setup({{"fidelities.paper.collectives.kvp_exchange_latency.value", "400 us"}}),
      small_helix());
  const Trace trace = traced.trace().trace;
  std::set<std::string> tracks;
  for (const TraceSlice& slice : trace.slices()) {
    if (trace.names()[slice.name] == "kvp_all_to_all latency") {
      tracks.insert(track_name(trace, slice));
    }
  }
  CHECK(tracks == std::set<std::string>{"links", "links 2"});
}

TEST_CASE("a part of the layers keeps its times", "[report][trace]") {
  const Network network = GENERATE(Network::AlphaBeta, Network::Flows);
  const Setup setup = make_setup(deepseek_r1(), "paper", roomy());
  const Point point{.strategy = &strategy_named("helix"),
                    .layout = {.kvp = 4, .tpf = 2, .ep = 2},
                    .batch = 4,
                    .context = 1e6,
                    .hop_b = {}};
  const TracedStep traced(setup, point, over(network));
  CHECK_FALSE(traced.trace(0).layers_of_a_kind);
  CHECK_FALSE(traced.trace(58).layers_of_a_kind);
  CHECK_FALSE(traced.trace(std::nullopt).layers_of_a_kind);
  const RackTrace few = traced.trace(2);
  CHECK(few.layers_of_a_kind == 2);
  const Trace all = traced.trace(0).trace;
  const auto key = [](const Trace& trace, const TraceSlice& slice) {
    return std::tuple(slice.start, slice.duration, gpu_of(trace, slice), track_name(trace, slice),
                      trace.names()[slice.name], slice.layer);
  };
  std::set<std::int32_t> layers;
  std::set<decltype(key(all, all.slices()[0]))> known;
  for (const TraceSlice& slice : all.slices()) known.insert(key(all, slice));
  for (const TraceSlice& slice : few.trace.slices()) {
    CHECK(known.count(key(few.trace, slice)) == 1);
    layers.insert(slice.layer);
  }
  CHECK(layers == std::set<std::int32_t>{-1, 0, 1, 3, 4});
  for (const ProcessId gpu : {0U, 3U}) {
    for (const char* name : {"HBM", network == Network::Flows ? "NVLink out" : "links out"}) {
      CHECK(gigabytes(few.trace, name, gpu) < gigabytes(all, name, gpu) / 4);
    }
  }
}

TEST_CASE("the first layers of each kind are counted in every stage", "[report][trace]") {
  // DeepSeek-R1 in two stages: 3 dense and 28 MoE layers, then 30 MoE layers.
  const std::vector<bool> shown = first_layers(deepseek_r1(), 2, 2);
  REQUIRE(shown.size() == 61);
  std::set<std::size_t> layers;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i]) layers.insert(i);
  }
  CHECK(layers == std::set<std::size_t>{0, 1, 3, 4, 31, 32});
}
