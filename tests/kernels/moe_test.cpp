#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/grouped_gemm.hpp"
#include "tools/calibrate/kernels/router.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

struct RouterShape {
  unsigned tokens, experts, groups, groups_kept, top_k;
  bool bias;
};

/// What Router says, in plain words and FP64.
struct Routed {
  std::vector<int> experts;
  std::vector<double> weights;
};
Routed route(const std::vector<float>& logits, const std::vector<float>& bias,
             const RouterShape& shape) {
  const std::size_t each = shape.experts / shape.groups;
  std::vector<double> sigmoid;
  std::vector<double> score;
  for (std::size_t e = 0; e < shape.experts; ++e) {
    sigmoid.push_back(1.0 / (1.0 + std::exp(-double{logits[e]})));
    score.push_back(sigmoid[e] + (shape.bias ? bias[e] : 0.0f));
  }
  std::vector<std::pair<double, std::size_t>> groups;
  for (std::size_t g = 0; g < shape.groups; ++g) {
    std::vector<double> mine(score.begin() + static_cast<long>(g * each),
                             score.begin() + static_cast<long>((g + 1) * each));
    std::sort(mine.rbegin(), mine.rend());
    groups.emplace_back(-(mine[0] + (mine.size() > 1 ? mine[1] : 0.0)), g);
  }
  std::sort(groups.begin(), groups.end());
  std::set<std::size_t> kept;
  for (std::size_t i = 0; i < shape.groups_kept; ++i) kept.insert(groups[i].second);
  std::vector<std::pair<double, std::size_t>> left;
  for (std::size_t e = 0; e < shape.experts; ++e) {
    if (kept.contains(e / each)) left.emplace_back(-score[e], e);
  }
  std::sort(left.begin(), left.end());
  Routed routed;
  double sum = 0.0;
  for (std::size_t k = 0; k < shape.top_k; ++k) sum += sigmoid[left[k].second];
  for (std::size_t k = 0; k < shape.top_k; ++k) {
    routed.experts.push_back(static_cast<int>(left[k].second));
    routed.weights.push_back(2.5 * sigmoid[left[k].second] / sum);
  }
  return routed;
}

Bf16 number_from(float value, Bf16) {
  return to_bf16(value);
}
E4m3 number_from(float value, E4m3) {
  return to_e4m3(value);
}

}  // namespace

TEST_CASE("the router chooses the experts that its plain twin chooses", "[kernels][moe]") {
  const RouterShape shape =
      GENERATE(RouterShape{9, 256, 8, 4, 8, true}, RouterShape{5, 256, 8, 4, 8, false},
               RouterShape{4, 1024, 8, 3, 16, true}, RouterShape{6, 32, 1, 1, 4, false},
               RouterShape{3, 128, 32, 5, 6, true});
  Random random(shape.experts + shape.groups);
  std::vector<float> logits;
  std::vector<float> bias;
  for (unsigned i = 0; i < shape.tokens * shape.experts; ++i)
    logits.push_back(static_cast<float>(2.0 * normal(random)));
  for (unsigned i = 0; i < shape.experts; ++i)
    bias.push_back(static_cast<float>(0.1 * normal(random)));
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(shape.experts, shape.groups, to_text(schedule));
    std::vector<int> experts(shape.tokens * shape.top_k, -1);
    std::vector<float> weights(shape.tokens * shape.top_k, NAN);
    const Router call{.logits = logits.data(),
                      .bias = shape.bias ? bias.data() : nullptr,
                      .expert_of = experts.data(),
                      .weight_of_expert = weights.data(),
                      .tokens = shape.tokens,
                      .experts = shape.experts,
                      .groups = shape.groups,
                      .groups_kept = shape.groups_kept,
                      .top_k = shape.top_k};
    emulator::launch({.grid = {(shape.tokens + 3) / 4, 1, 1}, .threads = kRouterThreads}, schedule,
                     [&] { router(call); });
    for (unsigned token = 0; token < shape.tokens; ++token) {
      const std::vector<float> mine(logits.begin() + token * shape.experts,
                                    logits.begin() + (token + 1) * shape.experts);
      const Routed expected = route(mine, bias, shape);
      for (unsigned k = 0; k < shape.top_k; ++k) {
        REQUIRE(experts[token * shape.top_k + k] == expected.experts[k]);
        REQUIRE(weights[token * shape.top_k + k] == Approx(expected.weights[k]).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("experts that tie are chosen by the lower index", "[kernels][moe]") {
  const std::vector<float> logits(64, 0.5f);
  std::vector<int> experts(4, -1);
  std::vector<float> weights(4, NAN);
  const Router call{.logits = logits.data(),
                    .bias = nullptr,
                    .expert_of = experts.data(),
                    .weight_of_expert = weights.data(),
                    .tokens = 1,
                    .experts = 64,
                    .groups = 4,
                    .groups_kept = 2,
                    .top_k = 4};
  emulator::launch({.threads = kRouterThreads}, {}, [&] { router(call); });
  CHECK(experts == std::vector<int>{0, 1, 2, 3});
  CHECK(weights[3] == Approx(2.5 / 4));
}

TEST_CASE("tokens are put together by expert, in their order", "[kernels][moe]") {
  const unsigned pairs = GENERATE(1u, 33u, 500u);
  Random random(pairs);
  std::vector<int> expert_of;
  for (unsigned i = 0; i < pairs; ++i) expert_of.push_back(random.between(0, 99));
  for (const emulator::Schedule& schedule : schedules()) {
    std::vector<int> offsets(41, -7);
    std::vector<int> pair_of(pairs, -7);
    std::vector<int> slot_of(pairs, -7);
    const OrderTokens call{.expert_of = expert_of.data(),
                           .offsets = offsets.data(),
                           .pair_of = pair_of.data(),
                           .slot_of = slot_of.data(),
                           .pairs = pairs,
                           .first_expert = 20,
                           .experts = 40};
    emulator::launch({.threads = kOrderThreads, .shared_bytes = sizeof(OrderShared)}, schedule,
                     [&] { order_tokens(call); });
    int slot = 0;
    for (int e = 0; e < 40; ++e) {
      REQUIRE(offsets[static_cast<std::size_t>(e)] == slot);
      for (unsigned pair = 0; pair < pairs; ++pair) {
        if (expert_of[pair] != 20 + e) continue;
        REQUIRE(pair_of[static_cast<std::size_t>(slot)] == static_cast<int>(pair));
        REQUIRE(slot_of[pair] == slot);
        ++slot;
      }
    }
    REQUIRE(offsets[40] == slot);
    for (unsigned pair = 0; pair < pairs; ++pair) {
      if (expert_of[pair] < 20 || expert_of[pair] >= 60) REQUIRE(slot_of[pair] == -1);
    }
  }
}

namespace {

/// Experts with the loads given, of which the untouched have NaN for weights.
template <class Format>
struct GroupedCase {
  using Number = typename Format::Number;
  std::vector<int> loads;
  unsigned n = 144;
  unsigned k = 256;
  std::vector<Bf16> x;
  std::vector<Number> w;
  std::vector<float> scales;
  std::vector<int> offsets{0};
  std::vector<int> pair_of;
  std::vector<double> expected;

  GroupedCase(std::vector<int> loads_, bool block_scales) : loads(std::move(loads_)) {
    Random random(17);
    const int slots = std::accumulate(loads.begin(), loads.end(), 0);
    for (const int load : loads) offsets.push_back(offsets.back() + load);
    for (int i = 0; i < slots; ++i) pair_of.push_back((i * 7 + 3) % (2 * slots));
    for (int i = 0; i < slots * static_cast<int>(k); ++i)
      x.push_back(to_bf16(static_cast<float>(normal(random))));
    const std::size_t each = block_scales ? std::size_t{2} * 2 : 1;
    for (std::size_t e = 0; e < loads.size(); ++e) {
      for (std::size_t i = 0; i < std::size_t{n} * k; ++i)
        w.push_back(loads[e] == 0 ? number_from(NAN, Number{})
                                  : number_from(static_cast<float>(normal(random)), Number{}));
      for (std::size_t i = 0; i < each; ++i)
        scales.push_back(0.5f + static_cast<float>(random.unit()));
    }
    for (std::size_t e = 0; e < loads.size(); ++e) {
      for (int slot = offsets[e]; slot < offsets[e + 1]; ++slot) {
        const std::size_t token =
            static_cast<std::size_t>(pair_of[static_cast<std::size_t>(slot)] / 2);
        for (unsigned row = 0; row < n; ++row) {
          double sum = 0.0;
          for (unsigned i = 0; i < k; ++i) {
            const std::size_t scale = block_scales ? e * 4 + row / 128 * 2 + i / 128 : e;
            sum += double{to_float(x[token * k + i])} * to_float(w[(e * n + row) * k + i]) *
                   scales[scale];
          }
          expected.push_back(sum);
        }
      }
    }
  }

  template <unsigned kTokenTiles>
  void check(bool block_scales) const {
    std::vector<Bf16> first;
    for (const emulator::Schedule& schedule : schedules()) {
      CAPTURE(to_text(schedule), kTokenTiles);
      std::vector<Bf16> out(expected.size(), to_bf16(NAN));
      const GroupedGemm<Format> call{.x = x.data(),
                                     .w = w.data(),
                                     .scales = scales.data(),
                                     .offsets = offsets.data(),
                                     .pair_of = pair_of.data(),
                                     .out = out.data(),
                                     .pairs_per_token = 2,
                                     .n = n,
                                     .k = k,
                                     .block_scales = block_scales};
      emulator::launch({.grid = {(n + 127) / 128, static_cast<unsigned>(loads.size()), 1},
                        .threads = kGroupedThreads},
                       schedule, [&] { grouped_gemm<Format, kTokenTiles>(call); });
      std::vector<double> found;
      for (const Bf16 number : out) found.push_back(to_float(number));
      CHECK(relative_error(found, expected) < 4e-3);
    }
  }
};

}  // namespace

TEST_CASE("a grouped GEMM multiplies each token with its own expert and reads no other",
          "[kernels][moe]") {
  const std::vector<int> loads = GENERATE(values<std::vector<int>>({{1, 0, 3}, {0, 9, 8, 0, 17}}));
  GroupedCase<Bf16Weights>(loads, false).check<1>(false);
  GroupedCase<E4m3Weights>(loads, true).check<4>(true);
  GroupedCase<E4m3Weights>(loads, false).check<1>(false);
}

TEST_CASE("outputs of experts are weighed and summed in the order of pairs", "[kernels][moe]") {
  const unsigned n = 2056;
  Random random(4);
  std::vector<Bf16> y(5 * n);
  for (Bf16& number : y) number = to_bf16(static_cast<float>(normal(random)));
  const std::vector<int> slot_of{2, -1, 4, 0, -1, -1};
  const std::vector<float> weights{0.5f, NAN, 1.5f, 2.0f, NAN, NAN};
  std::vector<Bf16> out(2 * n, to_bf16(NAN));
  const Finalise call{.y = y.data(),
                      .slot_of = slot_of.data(),
                      .weights = weights.data(),
                      .out = out.data(),
                      .pairs_per_token = 3,
                      .n = n};
  emulator::launch({.grid = {2, 2, 1}, .threads = kFinaliseThreads}, {}, [&] { finalise(call); });
  for (unsigned i = 0; i < n; ++i) {
    const float first = 0.5f * to_float(y[2 * n + i]) + 1.5f * to_float(y[4 * n + i]);
    REQUIRE(out[i].bits == to_bf16(first).bits);
    REQUIRE(out[n + i].bits == to_bf16(2.0f * to_float(y[i])).bits);
  }
}
