// Speed of the engine's parts on one core. Prints one table; the shares in it are what to quote, as
// they hold from machine to machine. tools/bench runs it.

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <functional>
#include <queue>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/engine/event_executor.hpp"
#include "sim/engine/static_executor.hpp"
#include "tests/bench/bare_pass.hpp"
#include "tests/bench/bench_options.hpp"
#include "tests/bench/child.hpp"
#include "tests/bench/decode_graph.hpp"
#include "tests/bench/exchange_graph.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/replay_mode.hpp"

using namespace helixsim;
using namespace helixsim::bench;

namespace {

constexpr double kJitter = 0.1;

struct Options {
  int rounds = 9;
  std::string values;  // file for "name value" lines; empty without one
  std::vector<int> layers = {10, 61, 126};
};

// ---- What is printed

class Table {
 public:
  explicit Table(const std::string& file) {
    if (!file.empty()) values_.open(file);
  }

  void head(const std::string& title, const std::vector<std::string>& columns) {
    fmt::print("\n{:<44}", title);
    for (const std::string& column : columns) fmt::print("{:>12}", column);
    fmt::print("\n{}\n", std::string(44 + 12 * columns.size(), '-'));
  }
  void row(const std::string& what, const std::vector<double>& values, int decimals,
           const std::string& unit = "") {
    fmt::print("{:<44}", what);
    for (const double value : values)
      fmt::print("{:>12}", fmt::format("{:.{}f}{}", value, decimals, unit));
    fmt::print("\n");
  }
  /// For tools/bench, which puts it next to its target.
  void keep(const std::string& name, double value) {
    if (values_.is_open()) values_ << fmt::format("{} {:.4g}\n", name, value);
  }

 private:
  std::ofstream values_;
};

// ---- What is measured

/// Pops and pushes in a second by std::priority_queue at 288 entries: the yardstick for the
/// machine.
double machine_rate(int rounds) {
  using Event = std::pair<std::int64_t, std::uint32_t>;
  constexpr int kHolds = 1'000'000;
  std::mt19937 random(1);
  std::exponential_distribution<double> increment(1e-6);
  std::vector<std::int64_t> increments(65536);
  for (std::int64_t& value : increments) value = static_cast<std::int64_t>(increment(random)) + 1;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue;
  for (std::uint32_t i = 0; i < 288; ++i) queue.push({increments[i], i});
  std::uint16_t next = 0;
  const std::function<void()> hold = [&] {
    for (int i = 0; i < kHolds; ++i) {
      const Event event = queue.top();
      queue.pop();
      queue.push({event.first + increments[next++], event.second});
    }
  };
  return kHolds / fastest(std::max(1, rounds / 3), {&hold, 1})[0];
}

void require_equal(SimTime a, SimTime b, const std::string& what) {
  if (a != b) {
    throw std::runtime_error(
        fmt::format("{}: makespans differ, {} and {} ps", what, a.picoseconds(), b.picoseconds()));
  }
}

void seal_decode_graph(const DecodeShape& shape, TaskGraph& graph) {
  build_decode_graph(shape, graph);
  graph.seal();
}

/// Rates in M tasks/s, all in turns on one set of graphs.
struct DecodeRates {
  double tasks = 0.0;
  double build = 0.0;
  double build_static = 0.0;
  double bare = 0.0;
  double static_pass = 0.0;
  double events[2][2] = {};  // [exclusive][jitter]
  double peak_mib = 0.0;
};

DecodeRates measure_decode(int layers, int rounds) {
  TaskGraph graphs[2][2];
  EventExecutor events;
  for (int exclusive = 0; exclusive < 2; ++exclusive) {
    for (int jitter = 0; jitter < 2; ++jitter) {
      seal_decode_graph({.layers = layers,
                         .jitter = jitter ? kJitter : 0.0,
                         .streams = exclusive ? ResourceKind::Exclusive : ResourceKind::Stream},
                        graphs[exclusive][jitter]);
    }
  }
  TaskGraph& graph = graphs[0][0];
  std::vector<Timeline::Span> spans(graph.task_count());
  StaticExecutor static_pass;
  for (int jitter = 0; jitter < 2; ++jitter) {
    const std::string what = fmt::format("{} layers{}", layers, jitter ? ", jitter" : "");
    const SimTime makespan = static_pass.run(graphs[0][jitter]).makespan();
    require_equal(SimTime(bare_pass(graphs[0][jitter], spans.data())), makespan, what + ", bare");
    require_equal(events.run(graphs[0][jitter]).makespan(), makespan, what + ", streams");
    require_equal(events.run(graphs[1][jitter]).makespan(), makespan, what + ", queues");
  }

  TaskGraph built;
  const std::vector<std::function<void()>> runs = {
      [&] { seal_decode_graph({.layers = layers}, built); },
      [&] {
        build_decode_graph({.layers = layers}, built);
        built.seal_for_static_pass();
      },
      [&] { bare_pass(graph, spans.data()); },
      [&] { static_pass.run(graph); },
      [&] { events.run(graphs[0][0]); },
      [&] { events.run(graphs[0][1]); },
      [&] { events.run(graphs[1][0]); },
      [&] { events.run(graphs[1][1]); },
  };
  std::vector<double> rates = fastest(rounds, runs);
  const auto tasks = static_cast<double>(graph.task_count());
  for (double& rate : rates) rate = tasks / rate / 1e6;
  const ChildRun alone =
      run_child(replay_arguments(own_path(), {.graph = "decode", .layers = layers}));
  return {.tasks = tasks,
          .build = rates[0],
          .build_static = rates[1],
          .bare = rates[2],
          .static_pass = rates[3],
          .events = {{rates[4], rates[5]}, {rates[6], rates[7]}},
          .peak_mib = read_result(alone.output).peak_mib};
}

struct ExchangeRates {
  double tasks = 0.0;
  double equal = 0.0;
  double jitter = 0.0;
  double uneven = 0.0;
};

ExchangeRates measure_exchange(int ranks, int rounds) {
  TaskGraph graphs[3];
  build_exchange_graph({.ranks = ranks}, graphs[0]);
  build_exchange_graph({.ranks = ranks, .jitter = kJitter}, graphs[1]);
  build_exchange_graph({.ranks = ranks, .jitter = kJitter, .uneven_bytes = kJitter}, graphs[2]);
  std::vector<std::function<void()>> runs;
  EventExecutor events;
  for (TaskGraph& graph : graphs) {
    graph.seal();
    runs.emplace_back([&] { events.run(graph); });
  }
  const std::vector<double> seconds = fastest(std::max(1, rounds / 3), runs);
  const auto tasks = static_cast<double>(graphs[0].task_count());
  return {tasks, tasks / seconds[0] / 1e6, tasks / seconds[1] / 1e6, tasks / seconds[2] / 1e6};
}

// ---- The table

void print_decode(const Options& options, Table& table) {
  std::vector<DecodeRates> all;
  std::vector<std::string> columns;
  for (const int layers : options.layers) {
    all.push_back(measure_decode(layers, options.rounds));
    columns.push_back(fmt::format("L = {}", layers));
  }
  const auto each = [&](const std::function<double(const DecodeRates&)>& value) {
    std::vector<double> values;
    values.reserve(all.size());
    for (const DecodeRates& rates : all) values.push_back(value(rates));
    return values;
  };
  table.head("decode step, 64 ranks; M tasks/s", columns);
  table.row("tasks", each([](auto& r) { return r.tasks; }), 0);
  table.row("graph building, sealing included", each([](auto& r) { return r.build; }), 1);
  table.row("  sealed for the static pass only", each([](auto& r) { return r.build_static; }), 1);
  table.row("bare pass over the same arrays", each([](auto& r) { return r.bare; }), 0);
  table.row("static pass", each([](auto& r) { return r.static_pass; }), 0);
  table.row("  share of the bare pass",
            each([](auto& r) { return 100.0 * r.static_pass / r.bare; }), 0, " %");
  for (const bool exclusive : {false, true}) {
    for (const bool jitter : {false, true}) {
      table.row(fmt::format("event engine, {}{}", exclusive ? "queues (FIFO)" : "streams",
                            jitter ? ", 10 % jitter" : ""),
                each([&](auto& r) { return r.events[exclusive][jitter]; }), 1);
      table.row("  share of the bare pass",
                each([&](auto& r) { return 100.0 * r.events[exclusive][jitter] / r.bare; }), 1,
                " %");
    }
  }
  table.row("peak memory of one replay, MiB", each([](auto& r) { return r.peak_mib; }), 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const int layers = options.layers[i];
    table.keep(fmt::format("build_L{}", layers), all[i].build);
    table.keep(fmt::format("static_share_L{}", layers), 100.0 * all[i].static_pass / all[i].bare);
    table.keep(fmt::format("events_stream_L{}", layers), all[i].events[0][0]);
    table.keep(fmt::format("events_stream_jitter_L{}", layers), all[i].events[0][1]);
    table.keep(fmt::format("events_queue_L{}", layers), all[i].events[1][0]);
    table.keep(fmt::format("events_queue_jitter_L{}", layers), all[i].events[1][1]);
  }
}

void print_exchange(const Options& options, Table& table) {
  const std::vector<int> sizes = {16, 64};
  std::vector<ExchangeRates> all;
  std::vector<std::string> columns;
  for (const int ranks : sizes) {
    all.push_back(measure_exchange(ranks, options.rounds));
    columns.push_back(fmt::format("N = {}", ranks));
    table.keep(fmt::format("fluid_jitter_N{}", ranks), all.back().jitter);
  }
  const auto each = [&](double ExchangeRates::*value) {
    std::vector<double> values;
    values.reserve(all.size());
    for (const ExchangeRates& rates : all) values.push_back(rates.*value);
    return values;
  };
  table.head("fluid all-to-all, N(N-1) flows a chunk; M tasks/s", columns);
  table.row("tasks", each(&ExchangeRates::tasks), 0);
  table.row("equal ranks", each(&ExchangeRates::equal), 2);
  table.row("10 % jitter on kernels", each(&ExchangeRates::jitter), 2);
  table.row("10 % jitter on kernels and on bytes", each(&ExchangeRates::uneven), 3);
}

Options read_options(const std::vector<std::string>& arguments) {
  const BenchOptions read = read_bench_options("bench_engine", arguments);
  Options options;
  options.values = read.values;
  if (read.quick) options.rounds = 2;
  return options;
}

void run(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments[0] == "--replay") {
    print_replay(replay_here(read_replay({arguments.begin() + 1, arguments.end()})));
    return;
  }
  const Options options = read_options(arguments);
  Table table(options.values);
  fmt::print(
      "HelixSim's engine on one core, by processor time; fastest of {} runs, all in turns.\n",
      3 * options.rounds);
  fmt::print("Machine: std::priority_queue, 288 entries, {:.1f} M holds/s.\n",
             machine_rate(options.rounds) / 1e6);
  print_decode(options, table);
  print_exchange(options, table);
}

}  // namespace

int main(int count, char** words) {
  try {
    run({words + 1, words + count});
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_engine: {}\n", error.what());
    return 1;
  }
}
