#include "sim/sweep/frontier.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/sweep/study_case.hpp"

using namespace helixsim;

namespace {

FrontierPoint at(double interactivity, double throughput) {
  FrontierPoint point;
  point.interactivity = interactivity;
  point.throughput = throughput;
  return point;
}

}  // namespace

TEST_CASE("throughput along a frontier is interpolated between its points", "[sweep][frontier]") {
  const Frontier frontier{at(100, 2), at(80, 6), at(40, 8)};
  CHECK(throughput_at(frontier, 100) == 2);
  CHECK(throughput_at(frontier, 90) == Approx(4));  // half way from 2 to 6
  CHECK(throughput_at(frontier, 80) == Approx(6));
  CHECK(throughput_at(frontier, 50) == Approx(7.5));  // three quarters of the way from 6 to 8
  CHECK(throughput_at(frontier, 40) == Approx(8));
  CHECK(throughput_at(frontier, 1) == 8);  // anything slower can do as the slow end does
  CHECK(throughput_at(frontier, 100.001) == 0);
  CHECK(throughput_at({}, 1) == 0);
}

TEST_CASE("tied points do not disturb the interpolation", "[sweep][frontier]") {
  const Frontier frontier{at(100, 2), at(100, 2), at(50, 4), at(50, 4)};
  CHECK(throughput_at(frontier, 100) == 2);
  CHECK(throughput_at(frontier, 75) == Approx(3));
  CHECK(throughput_at(frontier, 50) == Approx(4));
  CHECK(throughput_at({at(10, 3)}, 10) == 3);
}

TEST_CASE("the densest point that is fast enough is found", "[sweep][frontier]") {
  const Frontier frontier{at(100, 2), at(80, 6), at(40, 8)};
  CHECK(at_least_as_fast(frontier, 80) == &frontier[1]);
  CHECK(at_least_as_fast(frontier, 80.001) == &frontier[0]);
  CHECK(at_least_as_fast(frontier, 0) == &frontier[2]);
  CHECK(at_least_as_fast(frontier, 100.001) == nullptr);
}

TEST_CASE("a frontier of records holds the accepted ones with their coordinates and no repeats",
          "[sweep][frontier]") {
  // Records on 8 GPUs: batch 4 in 1 ms and a repeat of it, and of another layout batch 32 in 4 ms.
  Grid grid;
  grid.layouts.push_back({&strategies()[0], Layout{.tpa = 8, .tpf = 8}});
  grid.layouts.push_back({&strategies()[1], Layout{.tpa = 4, .dp = 2, .tpf = 8}});
  ContextResult context{.context = 1000, .counts = {}, .records = {}};
  context.records = {
      {.layout = 0,
       .batch = 4,
       .hop_b = {},
       .chunks = 1,
       .repeats = false,
       .ttl_ps = 1'000'000'000},
      {.layout = 0, .batch = 4, .hop_b = {}, .chunks = 1, .repeats = true, .ttl_ps = 1'000'000'000},
      {.layout = 1,
       .batch = 32,
       .hop_b = {},
       .chunks = 2,
       .repeats = false,
       .ttl_ps = 4'000'000'000}};
  const Frontier all = frontier_of(grid, context, [](const GridLayout&) { return true; });
  REQUIRE(all.size() == 2);
  CHECK(all[0].record == 0);
  CHECK(all[0].interactivity == Approx(1000));
  CHECK(all[0].throughput == Approx(4 / 1e-3 / 8));
  CHECK(all[1].record == 2);
  CHECK(all[1].chunks == 2);
  CHECK(all[1].point.context == 1000);
  CHECK(all[1].throughput == Approx(32 / 4e-3 / 8));
  const Frontier tp = frontier_of(
      grid, context, [](const GridLayout& layout) { return layout.strategy->name == "tp"; });
  REQUIRE(tp.size() == 1);
  CHECK(tp[0].point.batch == 4);
}

TEST_CASE("the frontier of frontiers is that of all their points", "[sweep][frontier]") {
  const Study study = study_of("llama-3.1-405b", R"({
    "format": "helixsim/search_space/1", "contexts": ["1M"], "gpus": [8, 64],
    "strategies": {"tp": {}, "dp": {}, "medha": {}, "helix": {}}, "batch": [1, 2, 3, "..", 64],
    "hop_b": ["off", "best"]})",
                               {"tp", "medha"});
  const StudyResult result = run(study);
  const auto same = [](const Frontier& a, const Frontier& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.record == y.record; });
  };
  const NamedFrontiers drawn = drawn_frontiers(result, 0);
  REQUIRE(drawn.size() == 6);
  CHECK(drawn[3].first == "helix");
  CHECK(same(drawn[3].second, strategy_frontier(result, 0, "helix")));
  CHECK(drawn[4].first == "baseline");
  CHECK(same(drawn[4].second, baseline_frontier(result, 0, study.baseline)));
  CHECK(drawn[5].first == "overall");
  CHECK(same(drawn[5].second, overall_frontier(result, 0)));
}
