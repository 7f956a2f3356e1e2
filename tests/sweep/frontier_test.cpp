#include "sim/sweep/frontier.hpp"

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
  // Three records of one layout on 8 GPUs: batch 4 in 1 ms, batch 8 in 4 ms, and a repeat of the
  // first.
  Grid grid;
  grid.layouts.push_back({&strategies()[0], Layout{.tpa = 8, .tpf = 8}});
  ContextResult context{.context = 1000, .counts = {}, .records = {}};
  context.records = {
      {.layout = 0,
       .batch = 4,
       .hop_b = {},
       .chunks = 1,
       .repeats = false,
       .ttl_ps = 1'000'000'000},
      {.layout = 0, .batch = 4, .hop_b = {}, .chunks = 1, .repeats = true, .ttl_ps = 1'000'000'000},
      {.layout = 0,
       .batch = 32,
       .hop_b = {},
       .chunks = 2,
       .repeats = false,
       .ttl_ps = 4'000'000'000}};
  const Frontier all = frontier_of(grid, context, [](const Point&) { return true; });
  REQUIRE(all.size() == 2);
  CHECK(all[0].record == 0);
  CHECK(all[0].interactivity == Approx(1000));
  CHECK(all[0].throughput == Approx(4 / 1e-3 / 8));
  CHECK(all[1].record == 2);
  CHECK(all[1].chunks == 2);
  CHECK(all[1].point.context == 1000);
  CHECK(all[1].throughput == Approx(32 / 4e-3 / 8));
  const Frontier small =
      frontier_of(grid, context, [](const Point& point) { return point.batch < 8; });
  REQUIRE(small.size() == 1);
  CHECK(small[0].point.batch == 4);
}
