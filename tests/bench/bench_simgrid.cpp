// The same graphs replayed by our event engine and by SimGrid's actors, side by side in one run.
// Pairs take turns; makespans are compared before any ratio is printed. tools/bench runs it.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/engine/event_executor.hpp"
#include "tests/bench/bench_options.hpp"
#include "tests/bench/child.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/replay_mode.hpp"
#include "tests/bench/simgrid_replay.hpp"

using namespace helixsim;
using namespace helixsim::bench;

namespace {

constexpr double kTolerance = 1e-9;  // of makespans, relative

struct Options {
  int pairs = 9;
  std::string values;
};

/// One pair: processor seconds of either side.
struct Pair {
  double our_run = 0.0;        // in this process, whose memory is warm
  double our_fresh_run = 0.0;  // the first run of a fresh process
  double our_process = 0.0;
  double their_run = 0.0;
  double their_process = 0.0;
};

struct Case {
  std::string name;
  Replay replay;
};

void require_equal(double ours, double theirs, const std::string& name) {
  if (!(std::abs(ours - theirs) <= kTolerance * ours)) {
    throw std::runtime_error(
        fmt::format("{}: makespans differ: ours {} ps, SimGrid {} ps", name, ours, theirs));
  }
}

std::vector<Pair> measure(const Case& c, const Options& options) {
  const std::string ours =
      (std::filesystem::path(own_path()).parent_path() / "bench_engine").string();
  TaskGraph graph;
  build_replay_graph(c.replay, graph);
  graph.seal();
  EventExecutor executor;
  std::vector<Pair> pairs;
  for (int i = 0; i <= options.pairs; ++i) {
    Pair pair;
    SimTime makespan;
    pair.our_run = seconds_of([&] { makespan = executor.run(graph).makespan(); });
    const ChildRun their_child = run_child(replay_arguments(own_path(), c.replay));
    const ReplayResult theirs = read_result(their_child.output);
    const ChildRun our_child = run_child(replay_arguments(ours, c.replay));
    const ReplayResult fresh = read_result(our_child.output);
    const auto exact = static_cast<double>(makespan.picoseconds());
    require_equal(exact, theirs.makespan, c.name);
    require_equal(exact, fresh.makespan, c.name);
    pair.our_fresh_run = fresh.run_seconds;
    pair.our_process = our_child.seconds;
    pair.their_run = theirs.run_seconds;
    pair.their_process = their_child.seconds - theirs.excluded_seconds;
    if (i > 0) pairs.push_back(pair);  // the first pair warms up files and memory
  }
  return pairs;
}

double median_of(const std::vector<Pair>& pairs, double Pair::*value) {
  std::vector<double> values;
  values.reserve(pairs.size());
  for (const Pair& pair : pairs) values.push_back(pair.*value);
  return median(values);
}

struct Ratio {
  double median = 0.0;
  double least = 0.0;
  double most = 0.0;
};

Ratio ratio_of(const std::vector<Pair>& pairs, double Pair::*theirs, double Pair::*ours) {
  std::vector<double> values;
  values.reserve(pairs.size());
  for (const Pair& pair : pairs) values.push_back(pair.*theirs / pair.*ours);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {median(values), *least, *most};
}

void print(const Case& c, const std::vector<Pair>& pairs, std::ostream& kept) {
  const auto line = [&](const std::string& what, const std::string& key, double Pair::*theirs,
                        double Pair::*ours) {
    const Ratio ratio = ratio_of(pairs, theirs, ours);
    fmt::print("  {:<26}{:>11.3f}{:>11.3f}{:>11}{:>19}\n", what, 1e3 * median_of(pairs, theirs),
               1e3 * median_of(pairs, ours), fmt::format("{:.1f}x", ratio.median),
               fmt::format("{:.1f} to {:.1f}", ratio.least, ratio.most));
    kept << fmt::format("{}_{} {:.4g}\n", key, c.name, ratio.median);
  };
  fmt::print("{}\n", c.name);
  line("run only", "simgrid_run", &Pair::their_run, &Pair::our_run);
  line("run only, fresh process", "simgrid_fresh_run", &Pair::their_run, &Pair::our_fresh_run);
  line("whole process", "simgrid_process", &Pair::their_process, &Pair::our_process);
}

Options read_options(const std::vector<std::string>& arguments) {
  const BenchOptions read = read_bench_options("bench_simgrid", arguments);
  Options options;
  options.values = read.values;
  if (read.quick) options.pairs = 3;
  return options;
}

void run(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments[0] == "--replay") {
    const Replay replay = read_replay({arguments.begin() + 1, arguments.end()});
    print_replay(replay_with_simgrid(replay));
    return;
  }
  const Options options = read_options(arguments);
  std::vector<Case> cases;
  for (const std::string graph : {"decode", "decode_by_rank"}) {
    for (const int layers : {10, 61, 126}) {
      cases.push_back({fmt::format("{}_L{}", graph, layers), {.graph = graph, .layers = layers}});
    }
  }
  cases.push_back({"decode_L61_jitter", {.graph = "decode", .layers = 61, .jitter = 0.1}});
  cases.push_back({"exchange_N16", {.graph = "exchange", .ranks = 16}});
  cases.push_back({"exchange_N16_jitter", {.graph = "exchange", .ranks = 16, .jitter = 0.1}});
  std::vector<std::vector<Pair>> measured;
  measured.reserve(cases.size());
  for (const Case& c : cases) measured.push_back(measure(c, options));
  fmt::print(
      "SimGrid's actors and our event engine (FIFO queues), {} pairs in turns; makespans equal\n"
      "to {:.0e}. Medians: milliseconds of processor time, and ratios within a pair.\n"
      "64 ranks unless said; decode: an actor a stream; decode_by_rank: an actor a rank.\n\n",
      options.pairs, kTolerance);
  fmt::print("  {:<26}{:>11}{:>11}{:>11}{:>19}\n", "", "SimGrid", "ours", "ratio", "least to most");
  std::ofstream kept;
  if (!options.values.empty()) kept.open(options.values, std::ios::app);
  for (std::size_t i = 0; i < cases.size(); ++i) print(cases[i], measured[i], kept);
}

}  // namespace

int main(int count, char** words) {
  try {
    run({words + 1, words + count});
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_simgrid: {}\n", error.what());
    return 1;
  }
}
