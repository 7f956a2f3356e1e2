#include "sim/report/report_build.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "sim/decode/evaluator.hpp"
#include "tests/report/report_case.hpp"

using namespace helixsim;

namespace {

/// What tells one drawn point of a view from another.
std::tuple<std::string, Layout, int, int, double> key(const ReportView& view,
                                                      const ReportPoint& point) {
  const ReportLayout& row = view.layouts.at(static_cast<std::size_t>(point.layout));
  return {row.strategy, row.layout, point.batch, point.chunks, point.ttl_us};
}

auto keys(const ReportView& view) {
  std::set<std::tuple<std::string, Layout, int, int, double>> all;
  for (const ReportPoint& point : view.points) all.insert(key(view, point));
  return all;
}

auto frontier_keys(const ReportView& view) {
  std::set<std::tuple<std::string, Layout, int, int, double>> all;
  for (const auto& [name, indices] : view.frontiers) {
    for (const int index : indices)
      all.insert(key(view, view.points.at(static_cast<std::size_t>(index))));
  }
  return all;
}

}  // namespace

TEST_CASE("parts of the TTL are whole thousandths that sum to 1000", "[report][report_build]") {
  const ReportData data = small_run().report();
  for (const ReportView& view : data.views) {
    for (const ReportPoint& point : view.points) {
      CHECK(std::accumulate(point.permille.begin(), point.permille.end(), 0) == 1000);
      CHECK(std::all_of(point.permille.begin(), point.permille.end(),
                        [](int share) { return share >= 0; }));
    }
  }
}

TEST_CASE("a report within its limit draws every schedule once", "[report][report_build]") {
  const ReportData data = small_run().report();
  std::size_t v = 0;
  for (const StudyResult& result : small_run().results) {
    for (const ContextResult& context : result.search.contexts) {
      const ReportView& view = data.views.at(v++);
      const auto distinct = std::count_if(context.records.begin(), context.records.end(),
                                          [](const Record& r) { return !r.repeats; });
      CHECK(view.points.size() == static_cast<std::size_t>(distinct));
      CHECK(keys(view).size() == view.points.size());
      CHECK(view.counts.simulated == context.counts.simulated);
      CHECK(view.context == context.context);
    }
  }
  CHECK(v == data.views.size());
}

TEST_CASE("a drawn point holds what its evaluation gives", "[report][report_build]") {
  const ReportData data = small_run().report(200);
  const ReportView& view = data.views[1];
  const Study& study = small_run().scenario.studies[0];
  Evaluator evaluator(study.setup);
  REQUIRE(view.points.size() > 20);
  for (const ReportPoint& drawn : view.points) {
    const ReportLayout& row = view.layouts.at(static_cast<std::size_t>(drawn.layout));
    const auto rows = strategies();
    const auto strategy = std::find_if(
        rows.begin(), rows.end(), [&](const StrategyEntry& s) { return s.name == row.strategy; });
    const HopB hop_b =
        drawn.chunks == 0 ? HopB{HopBMode::Off, 1} : HopB{HopBMode::Chunks, drawn.chunks};
    const Point point{&*strategy, row.layout, drawn.batch, view.context, hop_b};
    const PointResult result = evaluator.evaluate(point);
    CAPTURE(row.strategy, to_text(row.layout), drawn.batch);
    CHECK(drawn.ttl_us == Approx(result.ttl.seconds().value() * 1e6).epsilon(1e-12));
    CHECK(std::abs(drawn.memory_gb - result.memory.total().value() / 1e9) <= 0.0005);
    CHECK(drawn.requests == drawn.batch * row.layout.pp);
    CHECK(view.interactivity(drawn) == Approx(result.tokens_per_second_per_user()));
    CHECK(view.throughput(drawn) == Approx(tokens_per_second_per_gpu(point, result.ttl)));
    for (std::size_t c = 0; c < drawn.permille.size(); ++c) {
      const double exact = 1000 * result.seconds[c] / result.ttl.seconds().value();
      CHECK(std::abs(drawn.permille[c] - exact) <=
            3);  // half a thousandth, or what rounding leaves in the largest
    }
  }
}

TEST_CASE("a sample respects its limit, holds every frontier point and is a part of the whole",
          "[report][report_build]") {
  const std::size_t limit = GENERATE(0U, 80U, 400U);
  CAPTURE(limit);
  const ReportData whole = small_run().report();
  const ReportData part = small_run().report(limit);
  REQUIRE(part.views.size() == 4);
  for (std::size_t v = 0; v < part.views.size(); ++v) {
    const auto drawn = keys(part.views[v]);
    const auto all = keys(whole.views[v]);
    const auto frontier = frontier_keys(whole.views[v]);
    CHECK(part.views[v].points.size() <= std::max(limit / 4, frontier.size()));
    CHECK(std::includes(drawn.begin(), drawn.end(), frontier.begin(), frontier.end()));
    CHECK(std::includes(all.begin(), all.end(), drawn.begin(), drawn.end()));
    CHECK(frontier_keys(part.views[v]) == frontier);
    if (limit == 0) CHECK(drawn == frontier);
  }
}

TEST_CASE("a sample depends on its seed and on nothing else", "[report][report_build]") {
  const std::string first = to_json(small_run().report(300, 7));
  CHECK(to_json(small_run().report(300, 7)) == first);
  CHECK(to_json(SmallRun(4).report(300, 7)) == first);
  CHECK(to_json(small_run().report(300, 8)) != first);
}

TEST_CASE("a view is normalised to both ends of its baseline, where it has one",
          "[report][report_build]") {
  const ReportData data = small_run().report();
  const ReportView& llama = data.views[1];
  double fastest = 0.0;
  double densest = 0.0;
  for (const ReportPoint& point : llama.points) {
    const std::string& strategy = llama.layouts[static_cast<std::size_t>(point.layout)].strategy;
    if (strategy != "tp" && strategy != "dp") continue;
    fastest = std::max(fastest, llama.interactivity(point));
    densest = std::max(densest, llama.throughput(point));
  }
  CHECK(llama.interactivity_max.value() == Approx(fastest));
  CHECK(llama.throughput_max.value() == Approx(densest));
  REQUIRE(llama.frontier("baseline") != nullptr);
  CHECK_FALSE(llama.frontier("baseline")->empty());

  const ReportView& r1 = data.views[3];
  CHECK_FALSE(r1.interactivity_max.has_value());
  CHECK(r1.frontier("baseline") == nullptr);
}

TEST_CASE("the counts of a report are the sums over its views", "[report][report_build]") {
  const ReportData data = small_run().report();
  SearchCounts sum;
  for (const ReportView& view : data.views) {
    sum.simulated += view.counts.simulated;
    sum.infeasible_weights += view.counts.infeasible_weights;
    sum.infeasible_kv_cache += view.counts.infeasible_kv_cache;
    sum.invalid += view.counts.invalid;
  }
  CHECK(sum.simulated == data.counts.simulated);
  CHECK(sum.infeasible_weights == data.counts.infeasible_weights);
  CHECK(sum.infeasible_kv_cache == data.counts.infeasible_kv_cache);
  CHECK(sum.invalid == data.counts.invalid);
  CHECK(data.counts.infeasible_weights > 0);  // one GPU cannot hold either model
}

TEST_CASE("an FP4 KV cache, which no measured kernel reads, carries a warning",
          "[report][report_build]") {
  CHECK(small_run().report(0).warnings ==
        std::vector<std::string>{
            "no measured attention kernel reads a 4-bit KV cache: its speed is assumed"});
}

TEST_CASE("a claim is reported as its published value, ours, band and verdict",
          "[report][report_build]") {
  const ReportData data = small_run().report(0);
  REQUIRE(data.claims.size() == 2);
  CHECK(data.claims[0].published == "1.13");
  CHECK(data.claims[0].band == "0.5 to 5");
  CHECK(data.claims[0].verdict == "pass");
  CHECK(data.claims[0].source == "figure 6");
  CHECK(data.claims[1].published.empty());
  CHECK(data.claims[1].band.empty());
  CHECK(data.claims[1].verdict == "reported");
}
