#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "sim/config/json_file.hpp"
#include "sim/llm/routing.hpp"
#include "tests/support/random.hpp"

using namespace helixsim;

namespace {

MoeFfnSpec experts_of(int experts, int per_token) {
  return {.layers = 1,
          .experts = experts,
          .experts_per_token = per_token,
          .intermediate = 1,
          .shared_intermediate = 0};
}

/// Tokens draw distinct experts at random; averages over many draws.
ActiveExperts simulate(const MoeFfnSpec& moe, int tokens, int ep, int draws, Random& random) {
  std::vector<int> experts(static_cast<std::size_t>(moe.experts));
  std::iota(experts.begin(), experts.end(), 0);
  ActiveExperts sum;
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<bool> active(experts.size());
    for (int token = 0; token < tokens; ++token) {
      for (int k = 0; k < moe.experts_per_token; ++k) {
        const int other = random.between(k, moe.experts - 1);
        std::swap(experts[static_cast<std::size_t>(k)], experts[static_cast<std::size_t>(other)]);
        active[static_cast<std::size_t>(experts[static_cast<std::size_t>(k)])] = true;
      }
    }
    std::vector<int> on_rank(static_cast<std::size_t>(ep));
    for (int e = 0; e < moe.experts; ++e) {
      on_rank[static_cast<std::size_t>(e * ep / moe.experts)] +=
          active[static_cast<std::size_t>(e)] ? 1 : 0;
    }
    sum.mean += std::accumulate(on_rank.begin(), on_rank.end(), 0.0) / ep;
    sum.largest += *std::max_element(on_rank.begin(), on_rank.end());
  }
  return {.mean = sum.mean / draws, .largest = sum.largest / draws};
}

}  // namespace

TEST_CASE("one token makes its own experts active and no others", "[llm][routing]") {
  CHECK(active_experts(experts_of(256, 8), 1, 1).mean == Approx(8));
  CHECK(active_experts(experts_of(256, 8), 1, 64).mean == Approx(8.0 / 64));
  CHECK(active_experts(experts_of(256, 8), 0, 8).mean == 0.0);
  CHECK(active_experts(experts_of(256, 8), 0, 8).largest == 0.0);
}

TEST_CASE("mean active experts are those that at least one token chose", "[llm][routing]") {
  // Not chosen by any of 4 tokens: (1 - 8/256)^4 of 256 / 8 experts.
  CHECK(active_experts(experts_of(256, 8), 4, 8).mean == Approx(32 * (1 - std::pow(31.0 / 32, 4))));
}

TEST_CASE("a single rank holds the mean and every expert is active in the end", "[llm][routing]") {
  const ActiveExperts one = active_experts(experts_of(256, 8), 13, 1);
  CHECK(one.largest == one.mean);
  const ActiveExperts all = active_experts(experts_of(256, 8), 1e6, 8);
  CHECK(all.mean == Approx(32));
  CHECK(all.largest == Approx(32));
}

TEST_CASE("the fullest rank has at least the mean and at most what it holds",
          "[llm][routing][property]") {
  const auto seed = GENERATE(range(0U, 300U));
  Random random(seed);
  const int experts = random.pick<int>({8, 64, 128, 256, 384, 896});
  const int ep = 1 << random.between(0, experts % 128 == 0 ? 7 : 3);
  const int tokens = random.between(1, random.coin() ? 64 : 4096);
  const MoeFfnSpec moe = experts_of(experts, random.between(1, 8));
  CAPTURE(seed, experts, ep, tokens, moe.experts_per_token);
  const ActiveExperts active = active_experts(moe, tokens, ep);
  CHECK(active.largest >= active.mean);
  CHECK(active.largest <= static_cast<double>(experts) / ep * (1 + 1e-12));
}

TEST_CASE("more tokens never make fewer experts active", "[llm][routing][property]") {
  const auto [experts, per_token] =
      GENERATE(table<int, int>({{256, 8}, {128, 8}, {896, 16}, {8, 2}}));
  for (const int ep : {1, 2, 4, 8}) {
    ActiveExperts before;
    for (int tokens = 1; tokens <= 1200; ++tokens) {
      const ActiveExperts now = active_experts(experts_of(experts, per_token), tokens, ep);
      const bool grows =
          now.mean >= before.mean * (1 - 1e-12) && now.largest >= before.largest * (1 - 1e-9);
      if (!grows) {
        CAPTURE(experts, ep, tokens, before.largest, now.largest);
        CHECK(grows);
        break;
      }
      before = now;
    }
  }
  SUCCEED();
}

TEST_CASE("the fullest rank is close to the reference estimate", "[llm][routing]") {
  const Node reference = read_json_file(HELIXSIM_SOURCE_DIR "/tests/reference/points.json");
  int compared = 0;
  for (const Node& point : reference.array("points")) {
    const Node blocks = point.object("per_layer_ops");
    if (!blocks.has("moe_ffn")) continue;
    for (const Node& op : blocks.array("moe_ffn")) {
      if (!op.has("active_experts_max_over_ep_ranks")) continue;
      const long long tokens = point.integer("batch_per_microbatch", {1, 1000000});
      const auto ep = static_cast<int>(point.object("config").integer("ep", {1, 256}));
      const ActiveExperts active = active_experts(experts_of(256, 8), tokens, ep);
      CAPTURE(point.text("id"), tokens, ep);
      CHECK(active.mean ==
            Approx(op.number("active_experts_mean_per_ep_rank", {0, 256})).epsilon(1e-9));
      CHECK(active.largest ==
            Approx(op.number("active_experts_max_over_ep_ranks", {0, 256})).epsilon(0.01));
      ++compared;
    }
  }
  CHECK(compared == 20);
}

TEST_CASE("simulated routing agrees with the expectations", "[llm][routing]") {
  // The mean is exact. The largest is an estimate: a token's experts are distinct and their number
  // is fixed, so that counts of ranks are negatively correlated and spread less than independent
  // draws; the estimate errs high, most for a single token.
  const auto [tokens, ep, tolerance] = GENERATE(table<int, int, double>({{1, 8, 0.06},
                                                                         {8, 8, 0.03},
                                                                         {8, 64, 0.03},
                                                                         {32, 8, 0.02},
                                                                         {64, 4, 0.02},
                                                                         {256, 32, 0.02},
                                                                         {200, 2, 0.002}}));
  CAPTURE(tokens, ep);
  Random random(7);
  const MoeFfnSpec moe = experts_of(256, 8);
  const ActiveExperts simulated = simulate(moe, tokens, ep, 4000, random);
  const ActiveExperts expected = active_experts(moe, tokens, ep);
  CHECK(expected.mean == Approx(simulated.mean).epsilon(0.01));
  CHECK(expected.largest == Approx(simulated.largest).epsilon(tolerance));
}
