#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tools/calibrate/kernels/arithmetic/formats.hpp"

namespace helixsim::kernels {

/// 1 / (1 + exp(-x)), the same bits on a CPU and a GPU: of IEEE additions, fused multiply-adds and
/// a division only, so that both choose the same experts. Within 2 units in the last place; beyond
/// +-87 it stays at its value there, so that it is never 0.
HELIXSIM_HOST_DEVICE float exact_sigmoid(float x) {
  if (x != x) return x;
  constexpr float kMost = 87.0f;  // exp stays a normal number
  const float power = x < -kMost ? kMost : x > kMost ? -kMost : -x;
  constexpr float kRounds = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  const float whole = fmaf(power, 1.44269504f, kRounds) - kRounds;
  const float rest =
      fmaf(whole, -1.42860677e-6f, fmaf(whole, -0.693145752f, power));  // ln 2 in two
  const float terms[6] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f};
  float exponential = 1.0f / 5040;
  for (const float term : terms) exponential = fmaf(exponential, rest, term);
  exponential = fmaf(exponential, rest, 1.0f);
  const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(whole) + 127) << 23;
  return 1.0f / fmaf(exponential, float_of(exponent), 1.0f);
}

/// Whole numbers in the order of the scores: larger for a larger score, NaN as -infinity, never 0.
/// -0 does not occur: a score is a sum that has a positive part.
HELIXSIM_HOST_DEVICE std::uint32_t key_of_score(float score) {
  const std::uint32_t bits = bits_of(score == score ? score : -INFINITY);
  return bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
}
HELIXSIM_HOST_DEVICE float score_of_key(std::uint32_t key) {
  return float_of(key >> 31 != 0 ? key & 0x7FFFFFFFu : ~key);
}

/// Which experts a token may take, and how many.
/// Source: DeepSeek-V3, section 2.1.2, and its config.
struct Routing {
  unsigned experts = 256;
  unsigned groups = 8;       ///< of neighbouring experts; 1: no limit by groups
  unsigned groups_kept = 4;  ///< those whose two best experts sum to most
  unsigned top_k = 8;
  float scale = 2.5f;  ///< what weights sum to
};

struct RoutedToken {
  std::vector<unsigned> experts;  ///< the best first; of equal ones the lower index
  std::vector<float> weights;     ///< sigmoids without bias, summing to `scale`
};

/// The plain twin of the router kernel, to the bit. `bias` is empty or [experts].
inline RoutedToken route_token(const std::vector<float>& logits, const std::vector<float>& bias,
                               const Routing& routing) {
  std::vector<float> scores(routing.experts);
  for (std::size_t e = 0; e < scores.size(); ++e) {
    const float score = exact_sigmoid(logits[e]) + (bias.empty() ? 0.0f : bias[e]);
    scores[e] = std::isnan(score) ? -INFINITY : score;
  }
  const std::size_t each = routing.experts / routing.groups;
  std::vector<float> of_group;
  for (std::size_t first = 0; first < scores.size(); first += each) {
    std::vector<float> group(scores.begin() + static_cast<std::ptrdiff_t>(first),
                             scores.begin() + static_cast<std::ptrdiff_t>(first + each));
    std::sort(group.rbegin(), group.rend());
    of_group.push_back(each == 1 ? group[0] : group[0] + group[1]);
  }
  const auto best_first = [](const std::vector<float>& values) {
    std::vector<unsigned> order(values.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](unsigned a, unsigned b) { return values[a] > values[b]; });
    return order;
  };
  std::vector<unsigned> kept = best_first(of_group);
  kept.resize(std::min(routing.groups_kept, routing.groups));
  RoutedToken routed;
  float sum = 0.0f;
  for (const unsigned expert : best_first(scores)) {
    if (routed.experts.size() == routing.top_k) break;
    if (std::find(kept.begin(), kept.end(), expert / each) == kept.end()) continue;
    routed.experts.push_back(expert);
    routed.weights.push_back(exact_sigmoid(logits[expert]));
    sum += routed.weights.back();
  }
  for (float& weight : routed.weights) weight = weight / sum * routing.scale;
  return routed;
}

}  // namespace helixsim::kernels
