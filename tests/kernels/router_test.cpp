#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/router.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Where the kernel puts its answers: nothing is there before.
struct RouterOut {
  std::vector<int> experts;
  std::vector<float> weights;
};

template <class Logit, unsigned kMostEach>
RouterOut run_router(const std::vector<Logit>& logits, const std::vector<float>& bias,
                     const Routing& routing, const emulator::Schedule& schedule) {
  const auto tokens = static_cast<unsigned>(logits.size() / routing.experts);
  RouterOut out{std::vector<int>(tokens * routing.top_k, -1),
                std::vector<float>(tokens * routing.top_k, NAN)};
  const Router<Logit> call{.logits = logits.data(),
                           .bias = bias.empty() ? nullptr : bias.data(),
                           .expert_of = out.experts.data(),
                           .weight_of = out.weights.data(),
                           .tokens = tokens,
                           .routing = routing};
  emulator::launch(
      {.grid = {(tokens + kRouterWarps - 1) / kRouterWarps, 1, 1}, .threads = kRouterThreads},
      schedule, [&] { router<Logit, kMostEach>(call); });
  return out;
}

/// All that the kernel answers is the twin's answer, to the bit.
template <class Logit>
void check_against_twin(const std::vector<Logit>& logits, const std::vector<float>& bias,
                        const Routing& routing, const emulator::Schedule& schedule) {
  const bool few = routing.experts <= 8 * kWarpThreads;
  const RouterOut out = few ? run_router<Logit, 8>(logits, bias, routing, schedule)
                            : run_router<Logit, 32>(logits, bias, routing, schedule);
  for (std::size_t token = 0; token < logits.size() / routing.experts; ++token) {
    CAPTURE(token);
    std::vector<float> mine;
    for (std::size_t e = 0; e < routing.experts; ++e)
      mine.push_back(logit_of(logits[token * routing.experts + e]));
    const RoutedToken expected = route_token(mine, bias, routing);
    REQUIRE(expected.experts.size() == routing.top_k);
    for (std::size_t i = 0; i < routing.top_k; ++i) {
      REQUIRE(out.experts[token * routing.top_k + i] == static_cast<int>(expected.experts[i]));
      REQUIRE(bits_of(out.weights[token * routing.top_k + i]) == bits_of(expected.weights[i]));
    }
  }
}

std::vector<float> normals(std::size_t count, float deviation, std::uint32_t seed) {
  Random random(seed);
  std::vector<float> numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.push_back(deviation * static_cast<float>(normal(random)));
  return numbers;
}

struct RouterCase {
  Routing routing;
  unsigned tokens;
  bool bias;
};

}  // namespace

TEST_CASE("the sigmoid of the router is right to two units in the last place", "[kernels][moe]") {
  for (int i = -87000; i <= 87000; ++i) {
    const float x = static_cast<float>(i) / 1000.0f;
    const double expected = 1.0 / (1.0 + std::exp(-double{x}));
    REQUIRE(std::abs(exact_sigmoid(x) - expected) <= expected * std::ldexp(1.0, -22));
  }
  CHECK(exact_sigmoid(0.0f) == 0.5f);
  CHECK(exact_sigmoid(kInfinity) == 1.0f);
  CHECK(exact_sigmoid(-kInfinity) == exact_sigmoid(-87.0f));
  CHECK(exact_sigmoid(-kInfinity) > 0.0f);
  CHECK(std::isnan(exact_sigmoid(NAN)));
}

TEST_CASE("keys of scores are in the order of the scores and lead back to them", "[kernels][moe]") {
  const std::vector<float> scores{-kInfinity, -7.5f, -1.0f,  -1e-30f, 0.0f,
                                  1e-30f,     0.5f,  0.501f, 8.0f,    kInfinity};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    CHECK(key_of_score(scores[i]) > kNoKey);
    CHECK(bits_of(score_of_key(key_of_score(scores[i]))) == bits_of(scores[i]));
    if (i > 0) CHECK(key_of_score(scores[i]) > key_of_score(scores[i - 1]));
  }
  CHECK(key_of_score(NAN) == key_of_score(-kInfinity));
}

TEST_CASE("the plain twin of the router follows a token by hand", "[kernels][moe]") {
  // Groups {0, 1}, {2, 3}, {4, 5}: the best two of each sum to most in the third and the first,
  // although expert 3 is the best of all.
  const std::vector<float> logits{1.0f, 0.5f, -9.0f, 3.0f, 1.0f, 1.0f};
  const Routing routing{.experts = 6, .groups = 3, .groups_kept = 2, .top_k = 3, .scale = 2.5f};
  const RoutedToken routed = route_token(logits, {}, routing);
  CHECK(routed.experts == std::vector<unsigned>{0, 4, 5});  // equal: the lower index first
  for (const float weight : routed.weights) CHECK(weight == Approx(2.5 / 3));
  // A bias changes who is chosen, and not what the chosen weigh.
  const RoutedToken biased = route_token(logits, {0.0f, 0.0f, 5.0f, 0.0f, 0.0f, -1.0f}, routing);
  CHECK(biased.experts == std::vector<unsigned>{2, 3, 0});
  const double sum = exact_sigmoid(-9.0f) + exact_sigmoid(3.0f) + exact_sigmoid(1.0f);
  CHECK(biased.weights[0] == Approx(2.5 * exact_sigmoid(-9.0f) / sum));
}

TEST_CASE("the router answers as its plain twin does, to the bit", "[kernels][moe]") {
  const RouterCase of =
      GENERATE(RouterCase{{}, 9, true}, RouterCase{{}, 5, false},
               RouterCase{{.experts = 1024, .groups = 8, .groups_kept = 3, .top_k = 16}, 4, true},
               RouterCase{{.experts = 384, .groups = 1, .groups_kept = 1, .top_k = 8}, 3, true},
               RouterCase{{.experts = 160, .groups = 8, .groups_kept = 3, .top_k = 6}, 4, false},
               RouterCase{{.experts = 60, .groups = 4, .groups_kept = 4, .top_k = 4}, 3, true},
               RouterCase{{.experts = 7, .groups = 1, .groups_kept = 1, .top_k = 7}, 2, false},
               RouterCase{{.experts = 128, .groups = 32, .groups_kept = 5, .top_k = 6}, 3, true},
               RouterCase{{.experts = 32, .groups = 32, .groups_kept = 16, .top_k = 16}, 2, true});
  const std::size_t count = std::size_t{of.tokens} * of.routing.experts;
  const std::vector<float> logits = normals(count, 2.0f, of.routing.experts);
  const std::vector<float> bias =
      of.bias ? normals(of.routing.experts, 0.1f, 3) : std::vector<float>{};
  std::vector<Bf16> rounded;
  for (const float logit : logits) rounded.push_back(to_bf16(logit));
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(of.routing.experts, of.routing.groups, to_text(schedule));
    check_against_twin(logits, bias, of.routing, schedule);
    check_against_twin(rounded, bias, of.routing, schedule);
  }
}

TEST_CASE("experts and groups that tie are chosen by the lower index", "[kernels][moe]") {
  // Logits of three values only: ties are everywhere.
  Random random(11);
  std::vector<float> logits;
  for (int i = 0; i < 6 * 256; ++i) logits.push_back(static_cast<float>(random.between(0, 2)));
  check_against_twin(logits, {}, {}, {});
  const RouterOut equal = run_router<float, 8>(std::vector<float>(256, 0.5f), {}, {}, {});
  CHECK(equal.experts == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  for (const float weight : equal.weights) CHECK(weight == Approx(2.5 / 8));
}

TEST_CASE("weights keep their precision under a bias that is much larger than the scores",
          "[kernels][moe]") {
  const std::vector<float> logits = normals(2 * 256, 1.0f, 5);
  std::vector<float> low;
  for (const float logit : logits) low.push_back(logit - 14.0f);  // sigmoids about 1e-6
  check_against_twin(low, std::vector<float>(256, 30.0f), {}, {});
  const RouterOut out = run_router<float, 8>(low, std::vector<float>(256, 30.0f), {}, {});
  double sum = 0.0;
  for (unsigned i = 0; i < 8; ++i)
    sum += exact_sigmoid(low[static_cast<std::size_t>(out.experts[i])]);
  for (unsigned i = 0; i < 8; ++i) {
    const double sigmoid = exact_sigmoid(low[static_cast<std::size_t>(out.experts[i])]);
    CHECK(out.weights[i] == Approx(2.5 * sigmoid / sum).epsilon(1e-5));
  }
}

TEST_CASE("an expert whose logit is not a number comes last, and no index is made up",
          "[kernels][moe]") {
  std::vector<float> logits = normals(3 * 256, 1.0f, 6);
  for (std::size_t i = 0; i < 256; i += 3) logits[i] = NAN;
  for (std::size_t i = 256; i < 512; ++i) logits[i] = NAN;
  for (std::size_t i = 512; i < 768; ++i) logits[i] = i % 2 == 0 ? -kInfinity : -500.0f;
  const RouterOut out = run_router<float, 8>(logits, {}, {}, {});
  for (unsigned token = 0; token < 3; ++token) {
    std::set<int> chosen(out.experts.begin() + token * 8, out.experts.begin() + (token + 1) * 8);
    CHECK(chosen.size() == 8);
    CHECK(*chosen.begin() >= 0);
    CHECK(*chosen.rbegin() < 256);
    if (token == 0)
      for (const int expert : chosen) CHECK(expert % 3 != 0);
  }
  for (unsigned i = 16; i < 24; ++i) CHECK(out.weights[i] == Approx(2.5 / 8));
}
