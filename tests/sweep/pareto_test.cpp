#include "sim/sweep/pareto.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/random.hpp"

using namespace helixsim;

namespace {

bool dominates(const ParetoPoint& a, const ParetoPoint& b) {
  const bool no_worse = a.ttl_ps <= b.ttl_ps && a.throughput >= b.throughput;
  return no_worse && (a.ttl_ps < b.ttl_ps || a.throughput > b.throughput);
}

/// The definition, word for word, in the order that the contract gives.
std::vector<std::size_t> by_definition(const std::vector<ParetoPoint>& points) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool dominated = std::any_of(points.begin(), points.end(), [&](const ParetoPoint& other) {
      return dominates(other, points[i]);
    });
    if (!dominated) kept.push_back(i);
  }
  std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
    return points[a].ttl_ps < points[b].ttl_ps;
  });
  return kept;
}

}  // namespace

TEST_CASE("a frontier is the points that no other dominates, ties kept, fast end first",
          "[sweep][pareto]") {
  const int seed = GENERATE(range(0, 200));
  CAPTURE(seed);
  Random random(static_cast<std::uint32_t>(seed));
  // Few distinct values on each axis make many ties; one seed in four spreads them out.
  const int values = seed % 4 == 0 ? 1000 : random.between(1, 8);
  std::vector<ParetoPoint> points(static_cast<std::size_t>(random.between(0, 300)));
  for (ParetoPoint& point : points) {
    point = {random.between(1, values), static_cast<double>(random.between(1, values)) / 3.0};
  }
  CHECK(pareto_frontier(points) == by_definition(points));
}

TEST_CASE("equal points are kept in order of index and no points make no frontier",
          "[sweep][pareto]") {
  CHECK(pareto_frontier({}).empty());
  const std::vector<ParetoPoint> points{{5, 2.0}, {5, 2.0}, {5, 1.0}, {4, 1.0}, {6, 2.0}, {5, 2.0}};
  CHECK(pareto_frontier(points) == std::vector<std::size_t>{3, 0, 1, 5});
}
