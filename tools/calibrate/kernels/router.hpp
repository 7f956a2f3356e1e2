#pragma once

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// Chooses the experts of each token, as DeepSeek-V3 does: a sigmoid of each logit; only the best
/// groups of experts stay, a group being as good as its two best experts with their bias; of what
/// stays, the best top_k with their bias; their weights are the sigmoids without bias, summing to
/// `scale`. Ties go to the lower index. groups = 1 and bias = 0 is a plain top-k.
///
/// Shapes: logits [tokens, experts]; bias [experts] or null; expert_of, weight_of_expert
///         [tokens, top_k], the best first.
/// Needs:  experts a multiple of 32, at most 1,024; groups a power of two, at most 32; top_k at
/// most
///         16 and at most what stays.
/// Limit:  latency: a warp a token.
/// Source: DeepSeek-V3, section 2.1.2, and its config (n_group 8, topk_group 4, top 8, scale 2.5).
struct Router {
  const float* logits = nullptr;
  const float* bias = nullptr;
  int* expert_of = nullptr;
  float* weight_of_expert = nullptr;
  unsigned tokens = 0;
  unsigned experts = 256;
  unsigned groups = 8;
  unsigned groups_kept = 4;
  unsigned top_k = 8;
  float scale = 2.5f;
};

inline constexpr unsigned kRouterThreads = 128;  // a warp a token
inline constexpr unsigned kRouterMostEach = 32;  ///< experts of a lane, neighbouring

/// The lane's value that is largest over the warp and its index; the lower index of equal ones.
struct Best {
  float value;
  unsigned index;
};
HELIXSIM_DEVICE Best better(const Best& a, const Best& b) {
  const bool second = b.value > a.value || (b.value == a.value && b.index < a.index);
  return second ? b : a;
}
HELIXSIM_DEVICE Best warp_best(Best mine) {
  for (unsigned mask = 1; mask < kWarpThreads; mask *= 2)
    mine = better(mine, {shuffle_xor(mine.value, mask), shuffle_xor(mine.index, mask)});
  return mine;
}

/// Sum of the two largest values over the `lanes` neighbouring lanes of a group.
HELIXSIM_DEVICE float two_best_of_group(const float (&scores)[kRouterMostEach], unsigned each,
                                        unsigned lanes) {
  float first = -INFINITY;
  float second = -INFINITY;
  const auto take = [&](float value) {
    if (value > first) {
      second = first;
      first = value;
    } else if (value > second) {
      second = value;
    }
  };
  for (unsigned i = 0; i < each; ++i) take(scores[i]);
  for (unsigned mask = 1; mask < lanes; mask *= 2) {
    const float other_first = shuffle_xor(first, mask);
    const float other_second = shuffle_xor(second, mask);
    take(other_first);
    take(other_second);
  }
  return second == -INFINITY ? first : first + second;
}

/// Whether the lane's group is among the best `kept`.
HELIXSIM_DEVICE bool group_stays(float score, unsigned group, unsigned lanes, unsigned kept) {
  bool stays = false;
  float left = lane_index() % lanes == 0 ? score : -INFINITY;  // one lane speaks for a group
  for (unsigned i = 0; i < kept; ++i) {
    const Best best = warp_best({left, group});
    if (best.index != group) continue;
    stays = true;
    left = -INFINITY;
  }
  return stays;
}

/// Launch: kRouterThreads threads, a block for every four tokens.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kRouterThreads, 4) router(Router p) {
  wait_for_previous_kernel();
  const unsigned token = block_x() * (kRouterThreads / kWarpThreads) + warp_index();
  if (token >= p.tokens) return;
  const unsigned each = p.experts / kWarpThreads;
  const unsigned begin = lane_index() * each;
  float scores[kRouterMostEach];
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kRouterMostEach; ++i) {
    if (i >= each) break;
    const float logit = p.logits[std::size_t{token} * p.experts + begin + i];
    const float sigmoid = 1.0f / (1.0f + fast_exp2(-1.4426950408889634f * logit));
    scores[i] = sigmoid + (p.bias != nullptr ? p.bias[begin + i] : 0.0f);
  }
  const unsigned lanes = kWarpThreads / p.groups;
  const bool stays = group_stays(two_best_of_group(scores, each, lanes), lane_index() / lanes,
                                 lanes, p.groups_kept);
  float sum = 0.0f;
  float mine = 0.0f;  // weight of the expert that this lane writes
  unsigned chosen = 0;
  std::uint32_t taken = 0;
  for (unsigned k = 0; k < p.top_k; ++k) {
    Best best{-INFINITY, p.experts};
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < kRouterMostEach; ++i) {
      if (i >= each) break;
      if (stays && (taken >> i & 1u) == 0) best = better(best, {scores[i], begin + i});
    }
    best = warp_best(best);
    if (best.index / each == lane_index()) taken |= 1u << (best.index % each);
    const float weight = best.value - (p.bias != nullptr ? p.bias[best.index] : 0.0f);
    sum += weight;
    if (lane_index() == k) {
      mine = weight;
      chosen = best.index;
    }
  }
  if (lane_index() < p.top_k) {
    p.expert_of[token * p.top_k + lane_index()] = static_cast<int>(chosen);
    p.weight_of_expert[token * p.top_k + lane_index()] = mine / sum * p.scale;
  }
  release_next_kernel();
}

/// Puts the tokens of each expert of this rank together, in the order of tokens.
///
/// Shapes: expert_of [pairs]; offsets [experts + 1]; pair_of [slots]; slot_of [pairs], -1 for what
/// is
///         another rank's. Experts first_expert to first_expert + experts - 1 are this rank's.
/// Needs:  experts at most 256.
struct OrderTokens {
  const int* expert_of = nullptr;
  int* offsets = nullptr;
  int* pair_of = nullptr;
  int* slot_of = nullptr;
  unsigned pairs = 0;
  int first_expert = 0;
  unsigned experts = 0;
};

inline constexpr unsigned kOrderThreads = 1024;
inline constexpr unsigned kOrderMostExperts = 256;

struct OrderShared {
  unsigned counts[kOrderMostExperts];
};

/// `use(pair, place)` for a warp's pairs of one expert, in order.
template <class Use>
HELIXSIM_DEVICE unsigned for_each_pair_of(const OrderTokens& p, int expert, Use&& use) {
  unsigned count = 0;
  for (unsigned first = 0; first < p.pairs; first += kWarpThreads) {
    const unsigned pair = first + lane_index();
    const bool match = pair < p.pairs && p.expert_of[pair] == expert;
    const std::uint32_t all = ballot(match);
    if (match) use(pair, count + count_bits(all & ((1u << lane_index()) - 1u)));
    count += count_bits(all);
  }
  return count;
}

/// Launch: one block of kOrderThreads threads, sizeof(OrderShared) shared.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kOrderThreads, 1) order_tokens(OrderTokens p) {
  wait_for_previous_kernel();
  auto& shared = shared_as<OrderShared>();
  for (unsigned pair = thread_index(); pair < p.pairs; pair += kOrderThreads) {
    const int local = p.expert_of[pair] - p.first_expert;
    if (local < 0 || local >= static_cast<int>(p.experts)) p.slot_of[pair] = -1;
  }
  constexpr unsigned kWarps = kOrderThreads / kWarpThreads;
  for (unsigned e = warp_index(); e < p.experts; e += kWarps) {
    const unsigned count =
        for_each_pair_of(p, p.first_expert + static_cast<int>(e), [](unsigned, unsigned) {});
    if (lane_index() == 0) shared.counts[e] = count;
  }
  block_barrier();
  for (unsigned e = warp_index(); e < p.experts; e += kWarps) {
    unsigned offset = 0;
    for (unsigned before = 0; before < e; ++before) offset += shared.counts[before];
    for_each_pair_of(p, p.first_expert + static_cast<int>(e), [&](unsigned pair, unsigned place) {
      p.pair_of[offset + place] = static_cast<int>(pair);
      p.slot_of[pair] = static_cast<int>(offset + place);
    });
    if (lane_index() != 0) continue;
    p.offsets[e] = static_cast<int>(offset);
    if (e + 1 == p.experts) p.offsets[p.experts] = static_cast<int>(offset + shared.counts[e]);
  }
}

}  // namespace helixsim::kernels
