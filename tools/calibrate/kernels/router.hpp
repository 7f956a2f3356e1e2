#pragma once

#include "tools/calibrate/kernels/arithmetic/routing.hpp"
#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// Chooses the experts of each token and their weights, as route_token() does, to the bit: sigmoids
/// plus a bias an expert; only the groups whose two best sum to most stay; the best top_k of them;
/// weights are the sigmoids without bias, summing to routing.scale. Ties go to the lower index.
///
/// Shapes: logits [tokens, experts], FP32 or BF16; bias [experts] or null; expert_of, weight_of
///         [tokens, top_k], the best first.
/// Needs:  groups a power of two, at most 32, that divides experts; in a group at most kMostEach
///         experts for each of its 32 / groups lanes; top_k at most 16 and at most what stays.
/// Limit:  latency: a warp a token, two warp reductions for each expert chosen.
/// Source: DeepSeek-V3, section 2.1.2, and its config (n_group 8, topk_group 4, top 8, scale 2.5).
template <class Logit>
struct Router {
  const Logit* logits = nullptr;
  const float* bias = nullptr;
  int* expert_of = nullptr;
  float* weight_of = nullptr;
  unsigned tokens = 0;
  Routing routing;
};

inline constexpr unsigned kRouterWarps = 4;
inline constexpr unsigned kRouterThreads = kRouterWarps * kWarpThreads;
inline constexpr unsigned kRouterMostTop = 16;
inline constexpr std::uint32_t kNoKey = 0;  ///< less than every score's key
inline constexpr unsigned kNoIndex = 0xFFFFFFFFu;

HELIXSIM_DEVICE float logit_of(float logit) {
  return logit;
}
HELIXSIM_DEVICE float logit_of(Bf16 logit) {
  return to_float(logit);
}

/// Which experts a lane looks after: every lanes-th of its group.
struct RouterLane {
  unsigned group;
  unsigned lanes;  ///< of a group
  unsigned each;   ///< experts of a group

  HELIXSIM_DEVICE explicit RouterLane(const Routing& routing)
      : group(lane_index() / (kWarpThreads / routing.groups)),
        lanes(kWarpThreads / routing.groups),
        each(routing.experts / routing.groups) {}
  [[nodiscard]] HELIXSIM_DEVICE unsigned in_group(unsigned i) const {
    return lane_index() % lanes + i * lanes;
  }
  [[nodiscard]] HELIXSIM_DEVICE bool has(unsigned i) const { return in_group(i) < each; }
  [[nodiscard]] HELIXSIM_DEVICE unsigned expert(unsigned i) const {
    return group * each + in_group(i);
  }
};

/// The index of the largest key of all lanes; of equal keys the lowest.
HELIXSIM_DEVICE unsigned best_of_lanes(std::uint32_t key, unsigned index) {
  const std::uint32_t best = largest_of_lanes(key);
  return smallest_of_lanes(key == best ? index : kNoIndex);
}

template <class Logit, unsigned kMostEach>
HELIXSIM_DEVICE void router_keys(const Router<Logit>& p, const RouterLane& lane, unsigned token,
                                 std::uint32_t (&keys)[kMostEach]) {
  float logits[kMostEach];
  float biases[kMostEach];
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kMostEach; ++i) {  // all loads before the first use
    const unsigned expert = lane.expert(i);
    logits[i] = 0.0f;
    biases[i] = 0.0f;
    if (!lane.has(i)) continue;
    logits[i] = logit_of(p.logits[std::size_t{token} * p.routing.experts + expert]);
    if (p.bias != nullptr) biases[i] = p.bias[expert];
  }
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kMostEach; ++i)
    keys[i] = lane.has(i) ? key_of_score(exact_sigmoid(logits[i]) + biases[i]) : kNoKey;
}

/// Key of the sum of a group's two best scores, in all its lanes.
template <unsigned kMostEach>
HELIXSIM_DEVICE std::uint32_t key_of_group(const RouterLane& lane,
                                           const std::uint32_t (&keys)[kMostEach]) {
  std::uint32_t first = kNoKey;
  std::uint32_t second = kNoKey;
  const auto take = [&](std::uint32_t key) {
    const std::uint32_t lesser = key < first ? key : first;
    first = key < first ? first : key;
    second = lesser < second ? second : lesser;
  };
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kMostEach; ++i) take(keys[i]);
  for (unsigned mask = 1; mask < lane.lanes; mask *= 2) {
    const std::uint32_t other_first = shuffle_xor(first, mask);
    const std::uint32_t other_second = shuffle_xor(second, mask);
    take(other_first);
    take(other_second);
  }
  if (lane.each == 1) return first;
  return key_of_score(score_of_key(first) + score_of_key(second));
}

/// Whether the lane's group is among those that are kept.
HELIXSIM_DEVICE bool group_stays(const RouterLane& lane, std::uint32_t key, unsigned kept) {
  bool stays = false;
  for (unsigned i = 0; i < kept; ++i) {
    if (best_of_lanes(stays ? kNoKey : key, lane.group) == lane.group) stays = true;
  }
  return stays;
}

/// The best expert of all lanes, which is then out.
template <unsigned kMostEach>
HELIXSIM_DEVICE unsigned take_best(const RouterLane& lane, std::uint32_t (&keys)[kMostEach]) {
  std::uint32_t key = kNoKey;
  unsigned index = kNoIndex;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kMostEach; ++i) {
    index = keys[i] > key ? lane.expert(i) : index;
    key = keys[i] > key ? keys[i] : key;
  }
  const unsigned best = best_of_lanes(key, index);
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kMostEach; ++i) keys[i] = lane.expert(i) == best ? kNoKey : keys[i];
  return best;
}

/// Writes what was chosen: lane i has the i-th best expert.
template <class Logit>
HELIXSIM_DEVICE void router_write(const Router<Logit>& p, unsigned token, unsigned chosen) {
  const unsigned lane = lane_index();
  float weight = 0.0f;
  if (lane < p.routing.top_k)
    weight = exact_sigmoid(logit_of(p.logits[std::size_t{token} * p.routing.experts + chosen]));
  float sum = 0.0f;  // in the order of the twin
  for (unsigned i = 0; i < p.routing.top_k; ++i) sum += shuffle(weight, i);
  if (lane >= p.routing.top_k) return;
  p.expert_of[std::size_t{token} * p.routing.top_k + lane] = static_cast<int>(chosen);
  p.weight_of[std::size_t{token} * p.routing.top_k + lane] = weight / sum * p.routing.scale;
}

/// Launch: kRouterThreads threads, a block for every kRouterWarps tokens.
template <class Logit, unsigned kMostEach>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kRouterThreads, 4) router(Router<Logit> p) {
  wait_for_previous_kernel();
  release_next_kernel();
  const unsigned token = block_x() * kRouterWarps + warp_index();
  if (token >= p.tokens) return;
  const RouterLane lane(p.routing);
  std::uint32_t keys[kMostEach];
  router_keys(p, lane, token, keys);
  if (p.routing.groups_kept < p.routing.groups &&
      !group_stays(lane, key_of_group(lane, keys), p.routing.groups_kept)) {
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < kMostEach; ++i) keys[i] = kNoKey;
  }
  unsigned chosen = 0;
  for (unsigned i = 0; i < p.routing.top_k; ++i) {
    const unsigned best = take_best(lane, keys);
    if (lane_index() == i) chosen = best;
  }
  router_write(p, token, chosen);
}

}  // namespace helixsim::kernels
