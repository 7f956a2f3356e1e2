// Speed of searches on one thread. Prints a table; ratios of one run are what to quote.
//
//   cmake --preset release -D HELIXSIM_BENCH=ON && cmake --build --preset release --target
//   bench_sweep build/release/tests/bench/bench_sweep

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "sim/config/json_file.hpp"
#include "sim/decode/evaluator.hpp"
#include "sim/decode/pass_evaluator.hpp"
#include "sim/decode/request.hpp"
#include "sim/report/pareto_csv.hpp"
#include "sim/report/report_build.hpp"
#include "sim/sweep/scenario.hpp"
#include "sim/sweep/search.hpp"
#include "sim/units/format.hpp"

using namespace helixsim;

namespace {

constexpr int kRepeats = 7;

using Clock = std::chrono::steady_clock;

/// Fastest of some runs, in seconds: what other work on the machine disturbs least.
double seconds_of(const std::function<void()>& run) {
  double best = 1e9;
  for (int i = 0; i < kRepeats; ++i) {
    const auto begin = Clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

struct Case {
  std::string model;
  std::vector<HopB> modes;
  std::string mode_name;
};

Setup setup_of(const std::string& model) {
  SetupRequest request;
  request.model = model;
  return make_setup(request, Catalog(HELIXSIM_SOURCE_DIR), {});
}

/// Points that a search has simulated, as an evaluator is asked for them.
std::vector<Point> points_of(const SearchResult& result) {
  std::vector<Point> points;
  for (const ContextResult& context : result.contexts) {
    for (const Record& record : context.records)
      points.push_back(point_of(result.grid, context.context, record));
  }
  return points;
}

std::string rate(long long points, double seconds) {
  return fmt::format("{:.2f} M/s", static_cast<double>(points) / seconds / 1e6);
}

void bench(const Case& c, const SearchSpace& paper) {
  const Setup setup = setup_of(c.model);
  SearchSpace space = paper;
  space.hop_bs = c.modes;
  SearchResult result;
  const double search = seconds_of([&] { result = run_search(space, setup, {}); });
  const SearchCounts counts = result.counts();

  // The same points one context after the other: nothing is shared between contexts.
  const std::vector<Point> points = points_of(result);
  long long sum = 0;
  const double alone = seconds_of([&] {
    PassEvaluator evaluator(setup);
    for (const Point& point : points) sum += evaluator.time(point).ttl.picoseconds();
  });
  const std::size_t some = std::min<std::size_t>(points.size(), 20'000);
  const double by_events = seconds_of([&] {
    Evaluator evaluator(setup);
    for (std::size_t i = 0; i < some; ++i)
      sum += evaluator.evaluate(points[i * (points.size() / some)]).ttl.picoseconds();
  });
  // The least that any search does with a point: its time is known and goes into a record.
  std::vector<Record> records;
  const double bare = seconds_of([&] {
    records.clear();
    records.reserve(points.size());
    for (const ContextResult& context : result.contexts) {
      for (const Record& record : context.records) {
        records.push_back(record);
        records.back().ttl_ps += static_cast<std::int64_t>(records.size());
      }
    }
  });
  if (sum < 0 || records.empty()) fmt::print("nothing was simulated\n");
  fmt::print("{:<15} {:<9} {:>9} {:>10} {:>11} {:>11} {:>11} {:>6.1f} %\n", c.model, c.mode_name,
             format_count(counts.simulated), format_count(counts.infeasible()),
             rate(counts.simulated, search), rate(counts.simulated, alone),
             rate(static_cast<long long>(some), by_events), 100.0 * bare / search);
}

/// `sweep --prune` beside `sweep`: the same frontiers.
void bench_pruning(const std::string& model, const SearchSpace& paper) {
  const Setup setup = setup_of(model);
  SearchOptions options;
  SearchResult result;
  const double whole = seconds_of([&] { result = run_search(paper, setup, options); });
  options.prune = true;
  const double pruned = seconds_of([&] { result = run_search(paper, setup, options); });
  const SearchCounts counts = result.counts();
  const double skipped = static_cast<double>(counts.pruned.value_or(0));
  fmt::print("{:<15} {:>9} {:>9} {:>8.1f} % {:>8.1f} ms {:>8.1f} ms {:>7.2f}\n", model,
             format_count(counts.simulated), format_count(counts.pruned.value_or(0)),
             100.0 * skipped / (skipped + static_cast<double>(counts.simulated)), whole * 1e3,
             pruned * 1e3, pruned / whole);
}

/// Everything that `sweep scenarios/helix_paper.json` does but files and claims, on all cores.
void bench_study() {
  const Catalog catalog(HELIXSIM_SOURCE_DIR);
  SearchOptions options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  std::size_t bytes = 0;
  double searching = 0.0;
  const double whole = seconds_of([&] {
    const Scenario scenario =
        read_scenario(catalog.read("scenarios", "helix_paper", "FILE"), catalog, {});
    const auto begin = Clock::now();
    std::vector<StudyResult> results;
    for (const Study& study : scenario.studies)
      results.push_back({&study, run_search(study.space, study.setup, options)});
    searching = std::chrono::duration<double>(Clock::now() - begin).count();
    const ReportData report = build_report(
        scenario, results, {},
        {.tool = "bench", .most_points = 50'000, .seed = 1, .threads = options.threads});
    bytes = to_json(report).size() + pareto_csv(results).size();
  });
  fmt::print(
      "\nWhole study, {} threads: {:.0f} ms, of which about {:.0f} ms are search ({} bytes)\n",
      options.threads, whole * 1e3, searching * 1e3, format_count(static_cast<long long>(bytes)));
}

}  // namespace

int main() {
  const SearchSpace paper =
      read_search_space(Catalog(HELIXSIM_SOURCE_DIR).read("configs/sweeps", "helix_paper", "FILE"));
  fmt::print(
      "Simulated points a second, one thread, fastest of {} runs, search space helix_paper.\n"
      "search: run_search with its infeasible points; pass: PassEvaluator point by point, nothing\n"
      "shared between contexts; events: Evaluator, task graph and event engine; bare: share of "
      "the\n"
      "search that only copying its records takes.\n\n",
      kRepeats);
  fmt::print("{:<15} {:<9} {:>9} {:>10} {:>11} {:>11} {:>11} {:>8}\n", "model", "hop_b",
             "simulated", "infeasible", "search", "pass", "events", "bare");
  const HopB off{HopBMode::Off, 1};
  const HopB best{HopBMode::Best, 1};
  for (const std::string model : {"deepseek-r1", "llama-3.1-405b"}) {
    bench({model, {off}, "off"}, paper);
    bench({model, {best}, "best"}, paper);
    bench({model, {off, best}, "off, best"}, paper);
  }
  fmt::print("\n{:<15} {:>9} {:>9} {:>10} {:>11} {:>11} {:>7}\n", "model", "simulated", "pruned",
             "skipped", "exhaustive", "pruned", "ratio");
  for (const std::string model : {"deepseek-r1", "llama-3.1-405b"}) bench_pruning(model, paper);
  bench_study();
  return 0;
}
