// Single parts of the engine with Google Benchmark; --benchmark_filter=REGEX picks some.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "sim/engine/event_executor.hpp"
#include "sim/engine/event_queue.hpp"
#include "sim/engine/static_executor.hpp"
#include "tests/bench/bare_pass.hpp"
#include "tests/bench/decode_graph.hpp"
#include "tests/bench/exchange_graph.hpp"

namespace helixsim::bench {
namespace {

void count_tasks(benchmark::State& state, const TaskGraph& graph) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(graph.task_count()));
}

/// Hold model: the first event is taken and comes again an exponential time later.
void event_queue_hold(benchmark::State& state) {
  std::mt19937 random(1);
  std::exponential_distribution<double> increment(1e-6);
  std::vector<std::int64_t> increments(65536);
  for (std::int64_t& value : increments) value = static_cast<std::int64_t>(increment(random)) + 1;
  EventQueue queue;
  for (std::uint32_t i = 0; i < state.range(0); ++i) queue.push(SimTime(increments[i]), i);
  std::uint16_t next = 0;
  for (auto _ : state) {
    const SimTime now = queue.next_time();
    const std::uint32_t id = queue.pop();
    queue.push(now + SimTime(increments[next++]), id);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(event_queue_hold)->Arg(64)->Arg(288)->Arg(4096);

void graph_building(benchmark::State& state) {
  TaskGraph graph;
  for (auto _ : state) build_decode_graph({.layers = static_cast<int>(state.range(0))}, graph);
  count_tasks(state, graph);
}
BENCHMARK(graph_building)->Arg(10)->Arg(61);

void sealing(benchmark::State& state) {
  TaskGraph graph;
  for (auto _ : state) {
    state.PauseTiming();
    build_decode_graph({.layers = static_cast<int>(state.range(0))}, graph);
    state.ResumeTiming();
    graph.seal();
  }
  count_tasks(state, graph);
}
BENCHMARK(sealing)->Arg(10)->Arg(61);

void run_bare_pass(benchmark::State& state) {
  TaskGraph graph;
  build_decode_graph({.layers = static_cast<int>(state.range(0))}, graph);
  graph.seal_for_static_pass();
  std::vector<Timeline::Span> spans(graph.task_count());
  for (auto _ : state) benchmark::DoNotOptimize(bare_pass(graph, spans.data()));
  count_tasks(state, graph);
}
BENCHMARK(run_bare_pass)->Name("bare_pass")->Arg(10)->Arg(61);

void static_pass(benchmark::State& state) {
  TaskGraph graph;
  build_decode_graph({.layers = static_cast<int>(state.range(0))}, graph);
  graph.seal_for_static_pass();
  StaticExecutor executor;
  for (auto _ : state) benchmark::DoNotOptimize(executor.run(graph).makespan());
  count_tasks(state, graph);
}
BENCHMARK(static_pass)->Arg(10)->Arg(61);

/// Arguments: layers, 1 for FIFO queues instead of streams, jitter in percent.
void event_executor(benchmark::State& state) {
  TaskGraph graph;
  build_decode_graph({.layers = static_cast<int>(state.range(0)),
                      .jitter = static_cast<double>(state.range(2)) / 100.0,
                      .streams = state.range(1) ? ResourceKind::Exclusive : ResourceKind::Stream},
                     graph);
  graph.seal();
  EventExecutor executor;
  for (auto _ : state) benchmark::DoNotOptimize(executor.run(graph).makespan());
  count_tasks(state, graph);
}
BENCHMARK(event_executor)->ArgsProduct({{10, 61}, {0, 1}, {0, 10}});

/// Arguments: ranks, jitter on kernels in percent, unevenness of bytes in percent.
void fluid_network(benchmark::State& state) {
  TaskGraph graph;
  build_exchange_graph({.ranks = static_cast<int>(state.range(0)),
                        .jitter = static_cast<double>(state.range(1)) / 100.0,
                        .uneven_bytes = static_cast<double>(state.range(2)) / 100.0},
                       graph);
  graph.seal();
  EventExecutor executor;
  for (auto _ : state) benchmark::DoNotOptimize(executor.run(graph).makespan());
  count_tasks(state, graph);
}
BENCHMARK(fluid_network)
    ->Args({16, 0, 0})
    ->Args({16, 10, 0})
    ->Args({16, 10, 10})
    ->Args({64, 0, 0})
    ->Args({64, 10, 0});

}  // namespace
}  // namespace helixsim::bench
