#include "sim/calibration/benchmark_routing.hpp"

#include <catch2/catch.hpp>

using namespace helixsim;

namespace {

BenchmarkRouting routing(int tokens, int ep, const std::string& distribution) {
  return {.tokens = tokens,
          .experts_per_token = 8,
          .experts = 256,
          .ep = ep,
          .distribution = distribution};
}

}  // namespace

TEST_CASE("balanced routing touches as many experts as there are pairs", "[calibration]") {
  BenchmarkRouter router;
  CHECK(router.load(routing(4, 1, "balanced")).active == 32.0);
  CHECK(router.load(routing(4, 8, "balanced")).active == 4.0);
  CHECK(router.load(routing(1024, 8, "balanced")).active == 32.0);
  CHECK(router.load(routing(1024, 8, "balanced")).rows == 1024.0);
  CHECK(router.load(routing(1, 64, "balanced")).active == 1.0);
}

TEST_CASE("routing limited to half of the groups leaves half of the experts idle",
          "[calibration]") {
  BenchmarkRouter router;
  BenchmarkRouting limited = routing(1024, 1, "balanced");
  limited.group_limited = true;
  CHECK(router.load(limited).active == 128.0);
  limited.ep = 4;
  CHECK(router.load(limited).active == 64.0);
}

TEST_CASE("group limits send the tokens of an even routing to the first groups", "[calibration]") {
  // Each token favours one expert in each of eight groups of 32. All groups weigh the same, so the
  // first four are kept, and their first experts make up for the other four.
  BenchmarkRouter router;
  BenchmarkRouting limited = routing(32, 2, "balanced");
  limited.group_limited = true;
  CHECK(router.load(limited).rows == 32 * 8.0);
  CHECK(router.load(limited).active == 128.0);
  limited.ep = 4;  // two groups: one favoured expert in each, and four that make up
  CHECK(router.load(limited).rows == 32 * 6.0);
  limited.tokens = 1;  // experts 0, 32, 64 and 96, then 1 to 4
  CHECK(router.load(limited).active == 6.0);
}

TEST_CASE("few pairs of a power law go round the ranks", "[calibration]") {
  // Shares of 8 pairs in 256 experts round to 0: each rank in turn gets one.
  BenchmarkRouter router;
  CHECK(router.load(routing(1, 4, "power_law_1.01")).rows == Approx(2.0).margin(0.5));
  CHECK(router.load(routing(1, 32, "power_law_1.01")).rows == Approx(1.0).margin(0.5));
}

TEST_CASE("a power law loads one rank more than its share and leaves experts idle",
          "[calibration][property]") {
  BenchmarkRouter router;
  for (const int tokens : {1, 16, 256, 1024}) {
    for (const int ep : {1, 4, 32}) {
      CAPTURE(tokens, ep);
      const RoutedLoad even = router.load(routing(tokens, ep, "balanced"));
      const RoutedLoad skewed = router.load(routing(tokens, ep, "power_law_1.2"));
      CHECK(skewed.rows >= even.rows);
      CHECK(skewed.rows <= tokens * 8.0);
      CHECK(skewed.active >= 1.0);
      CHECK(skewed.active <= 256.0 / ep);
      CHECK(router.load(routing(tokens, ep, "power_law_1.2_eplb")).rows == skewed.rows);
    }
  }
}

TEST_CASE("distributions that no benchmark has are told from those that it has", "[calibration]") {
  CHECK(BenchmarkRouter::knows("balanced"));
  CHECK(BenchmarkRouter::knows("power_law_1.01"));
  CHECK_FALSE(BenchmarkRouter::knows("power_law_"));
  CHECK_FALSE(BenchmarkRouter::knows("power_law_x"));
  CHECK_FALSE(BenchmarkRouter::knows("zipf"));
}
