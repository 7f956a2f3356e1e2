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

namespace {

/// Tokens draw by `draw` (fills the experts of one token); averages over many draws.
template <typename Draw>
ActiveExperts averaged(const MoeFfnSpec& moe, int tokens, int ep, int draws, Draw draw) {
  std::vector<int> experts;
  ActiveExperts sum{};
  sum.load = 0.0;
  const double even = static_cast<double>(moe.experts_per_token) / ep;
  for (int n = 0; n < draws; ++n) {
    std::vector<bool> active(static_cast<std::size_t>(moe.experts));
    std::vector<double> rows(static_cast<std::size_t>(ep));
    std::vector<int> reached;
    for (int token = 0; token < tokens; ++token) {
      draw(experts);
      std::vector<bool> ranks(static_cast<std::size_t>(ep));
      for (const int e : experts) {
        const auto rank = static_cast<std::size_t>(e * ep / moe.experts);
        active[static_cast<std::size_t>(e)] = true;
        rows[rank] += 1.0 / tokens;
        ranks[rank] = true;
      }
      sum.other_ranks += static_cast<double>(std::count(ranks.begin(), ranks.end(), true)) *
                         (ep - 1.0) / ep / tokens;
    }
    std::vector<double> on_rank(static_cast<std::size_t>(ep));
    for (int e = 0; e < moe.experts; ++e) {
      on_rank[static_cast<std::size_t>(e * ep / moe.experts)] +=
          active[static_cast<std::size_t>(e)] ? 1.0 : 0.0;
    }
    sum.mean += std::accumulate(on_rank.begin(), on_rank.end(), 0.0) / ep;
    sum.largest += *std::max_element(on_rank.begin(), on_rank.end());
    sum.load += *std::max_element(rows.begin(), rows.end()) / even;
  }
  return {.mean = sum.mean / draws,
          .largest = sum.largest / draws,
          .load = sum.load / draws,
          .other_ranks = sum.other_ranks / draws};
}

}  // namespace

TEST_CASE("routing is written as it is read", "[llm][routing]") {
  for (const char* text : {"uniform", "group_limited", "power_law:1.2", "power_law:0.5"}) {
    CHECK(to_text(parse_routing(text).value()) == text);
  }
  for (const char* text : {"", "power_law", "power_law:", "power_law:0", "power_law:-1",
                           "power_law:11", "power_law:1x", "trace", "power_law:nan"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_routing(text));
  }
}

TEST_CASE("a flat power law is uniform routing", "[llm][routing]") {
  const MoeFfnSpec moe = experts_of(256, 8);
  const RoutingModel flat(moe, {.kind = Routing::Kind::PowerLaw, .alpha = 1e-6});
  for (const int ep : {1, 4, 32}) {
    const ActiveExperts expected = active_experts(moe, 24, ep);
    const ActiveExperts active = flat.at(24, ep);
    CHECK(active.mean == Approx(expected.mean).epsilon(1e-4));
    CHECK(active.largest == Approx(expected.largest).epsilon(1e-4));
    CHECK(active.load == Approx(expected.load).epsilon(1e-4));
    CHECK(active.other_ranks == Approx(expected.other_ranks).epsilon(1e-4));
  }
}

TEST_CASE("one token makes k experts active under a power law", "[llm][routing]") {
  for (const double alpha : {0.3, 1.2, 3.0}) {
    const RoutingModel model(experts_of(256, 8), {.kind = Routing::Kind::PowerLaw, .alpha = alpha});
    CHECK(model.at(1, 1).mean == Approx(8));
    CHECK(model.at(1, 8).mean == Approx(1));
  }
}

TEST_CASE("a steeper power law activates fewer experts and loads one rank more", "[llm][routing]") {
  ActiveExperts before = active_experts(experts_of(256, 8), 64, 16);
  for (const double alpha : {0.4, 0.8, 1.2, 1.6}) {
    CAPTURE(alpha);
    const RoutingModel model(experts_of(256, 8), {.kind = Routing::Kind::PowerLaw, .alpha = alpha});
    const ActiveExperts now = model.at(64, 16);
    CHECK(now.mean < before.mean);
    CHECK(now.load > before.load);
    CHECK(now.other_ranks < before.other_ranks);
    before = now;
  }
}

TEST_CASE("simulated power-law routing agrees with the expectations", "[llm][routing]") {
  const auto [alpha, tokens, ep] =
      GENERATE(table<double, int, int>({{0.6, 32, 8}, {1.2, 16, 16}, {1.2, 128, 8}}));
  CAPTURE(alpha, tokens, ep);
  const MoeFfnSpec moe = experts_of(128, 4);
  const RoutingModel model(moe, {.kind = Routing::Kind::PowerLaw, .alpha = alpha});
  // By what the model says of popularity; a token takes the experts whose clocks ring first.
  std::vector<double> rates;
  for (int e = 0; e < moe.experts; ++e) rates.push_back(model.chosen_by_token(e));
  for (double& rate : rates) rate = -std::log1p(-rate);
  Random random(11);
  const auto draw = [&](std::vector<int>& experts) {
    std::vector<std::pair<double, int>> clocks;
    for (int e = 0; e < moe.experts; ++e) {
      clocks.emplace_back(-std::log(1.0 - random.unit()) / rates[static_cast<std::size_t>(e)], e);
    }
    std::partial_sort(clocks.begin(), clocks.begin() + 4, clocks.end());
    experts.clear();
    for (int k = 0; k < 4; ++k) experts.push_back(clocks[static_cast<std::size_t>(k)].second);
  };
  const ActiveExperts simulated = averaged(moe, tokens, ep, 600, draw);
  const ActiveExperts expected = model.at(tokens, ep);
  CHECK(expected.mean == Approx(simulated.mean).epsilon(0.03));
  CHECK(expected.largest == Approx(simulated.largest).epsilon(0.04));
  // Draws with replacement: an expert that most tokens choose counts twice, so ranks are too few.
  CHECK(expected.other_ranks == Approx(simulated.other_ranks).epsilon(0.1));
}

TEST_CASE("simulated group-limited routing agrees with the expectations", "[llm][routing]") {
  const auto [tokens, ep, tolerance] = GENERATE(table<int, int, double>(
      {{8, 8, 0.04}, {8, 32, 0.04}, {64, 8, 0.03}, {64, 64, 0.03}, {16, 4, 0.03}, {16, 2, 0.02}}));
  CAPTURE(tokens, ep);
  MoeFfnSpec moe = experts_of(256, 8);
  moe.groups = 8;
  moe.groups_per_token = 4;
  Random random(5);
  const auto shuffle_first = [&](std::vector<int>& of, int count) {
    for (int i = 0; i < count; ++i) {
      std::swap(of[static_cast<std::size_t>(i)],
                of[static_cast<std::size_t>(random.between(i, static_cast<int>(of.size()) - 1))]);
    }
  };
  const auto draw = [&](std::vector<int>& experts) {
    std::vector<int> groups(8);
    std::iota(groups.begin(), groups.end(), 0);
    shuffle_first(groups, 4);
    std::vector<int> candidates;
    for (int g = 0; g < 4; ++g) {
      for (int e = 0; e < 32; ++e) {
        candidates.push_back(32 * groups[static_cast<std::size_t>(g)] + e);
      }
    }
    shuffle_first(candidates, 8);
    experts.assign(candidates.begin(), candidates.begin() + 8);
  };
  const ActiveExperts simulated = averaged(moe, tokens, ep, 1500, draw);
  const ActiveExperts expected =
      RoutingModel(moe, {.kind = Routing::Kind::GroupLimited}).at(tokens, ep);
  CHECK(expected.mean == Approx(simulated.mean).epsilon(0.01));
  CHECK(expected.largest == Approx(simulated.largest).epsilon(tolerance));
  CHECK(expected.other_ranks == Approx(simulated.other_ranks).epsilon(0.03));
  // Fewer ranks are reached than without groups, and one rank may be fuller.
  const ActiveExperts uniform = active_experts(moe, tokens, ep);
  CHECK(expected.mean == Approx(uniform.mean));
  CHECK(expected.other_ranks <= uniform.other_ranks * 1.001);
}

TEST_CASE("more tokens never make fewer experts active under any routing",
          "[llm][routing][property]") {
  const auto text = GENERATE(as<std::string>{}, "power_law:0.7", "power_law:1.5", "group_limited");
  MoeFfnSpec moe = experts_of(256, 8);
  moe.groups = 8;
  moe.groups_per_token = 4;
  const RoutingModel model(moe, parse_routing(text).value());
  for (const int ep : {1, 2, 8, 64}) {
    ActiveExperts before;
    double rows_before = 0.0;
    for (int tokens = 1; tokens <= 900; tokens += tokens < 40 ? 1 : 13) {
      const ActiveExperts now = model.at(tokens, ep);
      const double rows = tokens * now.load;
      const bool grows = now.mean >= before.mean * (1 - 1e-12) &&
                         now.largest >= before.largest * (1 - 1e-12) &&
                         rows >= rows_before * (1 - 1e-12);
      if (!grows) {
        CAPTURE(text, ep, tokens, before.largest, now.largest, rows_before, rows);
        CHECK(grows);
        break;
      }
      before = now;
      rows_before = rows;
    }
  }
  SUCCEED();
}
