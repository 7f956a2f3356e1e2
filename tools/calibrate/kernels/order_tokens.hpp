#pragma once

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// Puts the pairs (token, one of its experts) of each expert of this rank together, in the order of
/// tokens: the permutation that a grouped GEMM gathers by, and its inverse.
///
/// Shapes: expert_of [pairs]; offsets [experts + 1]; pair_of [slots], of which offsets[experts] are
///         written; slot_of [pairs], -1 where the expert is another rank's. This rank has experts
///         first_expert to first_expert + experts - 1.
/// Needs:  experts at most kOrderMostExperts.
/// Limit:  latency: one block; a warp counts and then places a run of neighbouring pairs.
struct OrderTokens {
  const int* expert_of = nullptr;
  int* offsets = nullptr;
  int* pair_of = nullptr;
  int* slot_of = nullptr;
  unsigned pairs = 0;
  int first_expert = 0;
  unsigned experts = 0;
};

inline constexpr unsigned kOrderWarps = 32;
inline constexpr unsigned kOrderThreads = kOrderWarps * kWarpThreads;
inline constexpr unsigned kOrderMostExperts = 256;
inline constexpr std::uint32_t kOtherRank = 0xFFFFFFFFu;

struct OrderShared {
  unsigned places[kOrderWarps][kOrderMostExperts];  ///< pairs of a warp; then its next slot
  unsigned totals[kOrderMostExperts];
};

HELIXSIM_DEVICE std::uint32_t local_expert(const OrderTokens& p, unsigned pair) {
  if (pair >= p.pairs) return kOtherRank;
  const int local = p.expert_of[pair] - p.first_expert;
  return local >= 0 && local < static_cast<int>(p.experts) ? static_cast<std::uint32_t>(local)
                                                           : kOtherRank;
}

/// Goes through the warp's pairs in order, 32 at once: `use(pair, local, place)` with the pair's
/// place in `next[local]`, which counts on.
template <class Use>
HELIXSIM_DEVICE void for_each_pair(const OrderTokens& p, unsigned (&next)[kOrderMostExperts],
                                   Use&& use) {
  const unsigned rounds = (p.pairs + kOrderThreads - 1) / kOrderThreads;
  const unsigned first = warp_index() * rounds * kWarpThreads;
  for (unsigned round = 0; round < rounds; ++round) {
    const unsigned pair = first + round * kWarpThreads + lane_index();
    const std::uint32_t local = local_expert(p, pair);
    const std::uint32_t same = same_value_lanes(local);
    const unsigned rank = count_bits(same & ((1u << lane_index()) - 1u));
    const unsigned place = local == kOtherRank ? 0 : next[local] + rank;
    if (pair < p.pairs) use(pair, local, place);
    warp_barrier();  // all have read their place
    if (local != kOtherRank && rank == 0) next[local] = place + count_bits(same);
    warp_barrier();
  }
}

/// Turns counts of an expert by warps into where each warp begins, from 0.
HELIXSIM_DEVICE void order_over_warps(OrderShared& shared, unsigned expert) {
  unsigned before = 0;
  HELIXSIM_UNROLL
  for (unsigned warp = 0; warp < kOrderWarps; ++warp) {
    const unsigned count = shared.places[warp][expert];
    shared.places[warp][expert] = before;
    before += count;
  }
  shared.totals[expert] = before;
}

/// One warp turns totals of experts into offsets: a lane sums neighbouring experts, lanes in turn.
HELIXSIM_DEVICE void order_over_experts(const OrderTokens& p, OrderShared& shared) {
  constexpr unsigned kEach = kOrderMostExperts / kWarpThreads;
  const unsigned first = lane_index() * kEach;
  unsigned mine = 0;
  for (unsigned i = 0; i < kEach; ++i) mine += shared.totals[first + i];
  unsigned before = 0;
  for (unsigned lane = 0; lane < kWarpThreads; ++lane) {
    const unsigned of_lane = shuffle(mine, lane);
    if (lane < lane_index()) before += of_lane;
  }
  for (unsigned i = 0; i < kEach; ++i) {
    const unsigned expert = first + i;
    if (expert < p.experts) p.offsets[expert] = static_cast<int>(before);
    const unsigned total = shared.totals[expert];
    shared.totals[expert] = before;
    before += total;
    if (expert + 1 == p.experts) p.offsets[p.experts] = static_cast<int>(before);
  }
}

/// Launch: one block of kOrderThreads threads, sizeof(OrderShared) shared.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kOrderThreads, 1) order_tokens(OrderTokens p) {
  auto& shared = shared_as<OrderShared>();
  for (unsigned e = lane_index(); e < kOrderMostExperts; e += kWarpThreads)
    shared.places[warp_index()][e] = 0;
  warp_barrier();
  wait_for_previous_kernel();
  release_next_kernel();
  for_each_pair(p, shared.places[warp_index()], [](unsigned, std::uint32_t, unsigned) {});
  block_barrier();
  if (thread_index() < kOrderMostExperts) order_over_warps(shared, thread_index());
  block_barrier();
  if (warp_index() == 0) order_over_experts(p, shared);
  block_barrier();
  for_each_pair(p, shared.places[warp_index()],
                [&](unsigned pair, std::uint32_t local, unsigned place) {
                  const bool mine = local != kOtherRank;
                  const unsigned slot = mine ? shared.totals[local] + place : 0;
                  p.slot_of[pair] = mine ? static_cast<int>(slot) : -1;
                  if (mine) p.pair_of[slot] = static_cast<int>(pair);
                });
}

}  // namespace helixsim::kernels
