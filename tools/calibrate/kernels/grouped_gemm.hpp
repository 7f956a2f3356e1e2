#pragma once

#include "tools/calibrate/kernels/arithmetic/grouped_plan.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/gemv_formats.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

namespace helixsim::kernels {

/// GEMM of few tokens with the weights of their experts: out[slot, n] = x[token of slot, k]
/// w[expert, n, k]^T, FP32 sums.
///
/// Blocks stay and take pieces in turn: some rows of one expert that has tokens; other experts are
/// not read. Weights go from HBM straight to registers, 16 bytes a lane and load, one step ahead,
/// and stand on the M side of the tensor core. Rows of x are gathered by bulk copies into a ring in
/// shared memory. Both run on over the end of a piece. Warps that share rows sum in their order, so
/// that the bits are the same each time.
///
/// Shapes: x [tokens, k] BF16, of slot s row pair_of[s] / pairs_per_token; x [slots, k] where
///         pair_of is null; w [experts, n, k]; offsets [experts + 1], slots of an expert; scales:
///         null, or [experts], or [experts, n / 128, k / 128] rounded up; out [slots, n] BF16.
/// Needs:  n a multiple of 16; k a multiple of 128; at most kGroupedMostExperts experts; k_warps a
///         power of two, at most grouped_most_k_warps<Format>.
/// Limit:  HBM: touched experts x n k bytes. An expert of more than 8 kTokenTiles tokens is read
///         again for the others. x costs L2 tokens / rows of a piece of that traffic (FP8: twice).
/// Source: shapes of DeepSeek-V3: n x k 4096 x 7168 (gate and up), 7168 x 2048 (down).
template <class Format>
struct GroupedGemm {
  const Bf16* x = nullptr;
  const typename Format::Number* w = nullptr;
  const float* scales = nullptr;
  const int* offsets = nullptr;
  const int* pair_of = nullptr;
  Bf16* out = nullptr;
  unsigned pairs_per_token = 1;
  unsigned experts = 0;
  unsigned n = 0;
  unsigned k = 0;
  unsigned k_warps = 1;  ///< that share rows: grouped_k_warps()
  bool block_scales = false;
};

inline constexpr unsigned kGroupedWarps = 8;
inline constexpr unsigned kGroupedThreads = kGroupedWarps * kWarpThreads;
inline constexpr unsigned kGroupedRows = 16;    ///< of a warp
inline constexpr unsigned kGroupedStage = 512;  ///< columns of x in a stage of the ring
inline constexpr unsigned kGroupedMostExperts = 256;
inline constexpr unsigned kGroupedBlock = 128;  ///< columns, and rows, that a scale may be for
inline constexpr unsigned kGroupedPlaces = 4;   ///< more than stages, whose places are still in use

/// Columns of one load of a warp; its loads of a row in a block; blocks that it has in flight,
/// which are a step: 128 bytes a lane.
template <class Format>
inline constexpr unsigned kGroupedColumns = 4 * Format::kPerLoad;
template <class Format>
inline constexpr unsigned kGroupedLoads = kGroupedBlock / kGroupedColumns<Format>;
template <class Format>
inline constexpr unsigned kGroupedAhead = 4 / kGroupedLoads<Format>;
template <class Format>
inline constexpr unsigned kGroupedStep = kGroupedAhead<Format>* kGroupedBlock;
template <class Format>
inline constexpr unsigned grouped_most_k_warps = kGroupedStage / kGroupedStep<Format>;

/// An expert with tokens, and its slots.
struct TouchedExpert {
  int expert;
  int begin;
  int end;
};

/// Where a block is: a piece, up to 8 kTokenTiles of its slots, and the columns of a stage.
struct GroupedPlace {
  unsigned piece;
  unsigned column;
  unsigned row;  ///< the first of the piece
  TouchedExpert tokens;
  bool exists;
};

template <class Format, unsigned kTokenTiles>
struct GroupedShared {
  static constexpr unsigned kTokens = kTokenTiles * 8;
  static constexpr unsigned kStages = kTokenTiles < 4 ? 3 : 2;
  static constexpr unsigned kStride = kGroupedStage + Format::kPadding;
  static constexpr unsigned kSumsStride = kGroupedRows + 4;  // lanes of a store on all banks
  alignas(16) Bf16 x[kStages][kTokens][kStride];
  alignas(16) float sums[kGroupedWarps][kTokens][kSumsStride];
  CopyBarrier full[kStages];
  GroupedPlace places[kGroupedPlaces];  ///< of this round at round % kGroupedPlaces, and the next
  TouchedExpert touched[kGroupedMostExperts];
  unsigned touched_count;
};

template <class Format, class Shared>
HELIXSIM_DEVICE GroupedPlace grouped_place(const GroupedGemm<Format>& p, const Shared& shared,
                                           unsigned piece) {
  const unsigned rows = kGroupedRows * kGroupedWarps / p.k_warps;
  const unsigned pieces = (p.n + rows - 1) / rows;  // of an expert
  const bool exists = piece / pieces < shared.touched_count;
  return {.piece = piece,
          .column = 0,
          .row = piece % pieces * rows,
          .tokens = exists ? shared.touched[piece / pieces] : TouchedExpert{},
          .exists = exists};
}

/// The place after this one: the next stage of k, else the next slots, else the block's next piece.
template <class Format, class Shared>
HELIXSIM_DEVICE GroupedPlace grouped_next(const GroupedGemm<Format>& p, const Shared& shared,
                                          GroupedPlace place) {
  place.column += kGroupedStage;
  if (place.column < p.k) return place;
  place.column = 0;
  place.tokens.begin += static_cast<int>(Shared::kTokens);
  if (place.tokens.begin < place.tokens.end) return place;
  return grouped_place(p, shared, place.piece + grid_x());
}

/// Slots of the place, at most 8 kTokenTiles.
template <class Shared>
HELIXSIM_DEVICE unsigned grouped_tokens(const GroupedPlace& place) {
  const auto left = static_cast<unsigned>(place.tokens.end - place.tokens.begin);
  return left < Shared::kTokens ? left : Shared::kTokens;
}

/// One warp lists the experts that have tokens.
template <class Format, class Shared>
HELIXSIM_DEVICE void grouped_list_touched(const GroupedGemm<Format>& p, Shared& shared) {
  unsigned count = 0;
  for (unsigned first = 0; first < p.experts; first += kWarpThreads) {
    const unsigned expert = first + lane_index();
    const int begin = expert < p.experts ? p.offsets[expert] : 0;
    const int end = expert < p.experts ? p.offsets[expert + 1] : 0;
    const std::uint32_t all = ballot(begin < end);
    if (begin < end)
      shared.touched[count + count_bits(all & ((1u << lane_index()) - 1u))] = {
          static_cast<int>(expert), begin, end};
    count += count_bits(all);
  }
  if (lane_index() == 0) shared.touched_count = count;
}

/// One warp brings a place's columns of x into a stage: a bulk copy a slot, by a lane each.
template <class Format, class Shared>
HELIXSIM_DEVICE void grouped_bring(const GroupedGemm<Format>& p, Shared& shared, unsigned stage,
                                   const GroupedPlace& place) {
  const unsigned tokens = grouped_tokens<Shared>(place);
  const unsigned left = p.k - place.column;
  const unsigned bytes = (left < kGroupedStage ? left : kGroupedStage) * sizeof(Bf16);
  if (lane_index() == 0) arrive_expecting(shared.full[stage], tokens * bytes);
  warp_barrier();
  if (lane_index() >= tokens) return;
  const auto slot = static_cast<unsigned>(place.tokens.begin) + lane_index();
  const unsigned row =
      p.pair_of == nullptr ? slot : static_cast<unsigned>(p.pair_of[slot]) / p.pairs_per_token;
  bulk_copy(shared.x[stage][lane_index()], p.x + std::size_t{row} * p.k + place.column, bytes,
            shared.full[stage]);
}

/// Weights of two rows, lane / 4 and that + 8 of a warp's, over a block of columns.
template <class Format>
struct GroupedWeights {
  Words4 low[kGroupedLoads<Format>];
  Words4 high[kGroupedLoads<Format>];
  float scale;
};

template <class Format>
HELIXSIM_DEVICE float grouped_scale(const GroupedGemm<Format>& p, unsigned expert, unsigned row,
                                    unsigned column) {
  if (p.scales == nullptr) return 1.0f;
  if (!p.block_scales) return p.scales[expert];
  const unsigned down = (p.n + kGroupedBlock - 1) / kGroupedBlock;
  const unsigned across = p.k / kGroupedBlock;
  const std::size_t block_row = std::size_t{expert} * down + row / kGroupedBlock;
  return p.scales[block_row * across + column / kGroupedBlock];
}

/// Loads the block at `column`; nothing beyond n and k, and nothing of no place.
template <class Format>
HELIXSIM_DEVICE void grouped_load(const GroupedGemm<Format>& p, const GroupedPlace& place,
                                  unsigned column, GroupedWeights<Format>& weights) {
  const unsigned row = place.row + warp_index() / p.k_warps * kGroupedRows;
  if (!place.exists || row >= p.n || column >= p.k) return;
  const auto expert = static_cast<unsigned>(place.tokens.expert);
  weights.scale = grouped_scale(p, expert, row, column);
  const auto* from = p.w + (std::size_t{expert} * p.n + row + lane_index() / 4) * p.k + column +
                     lane_index() % 4 * Format::kPerLoad;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kGroupedLoads<Format>; ++i) {
    const auto* at = from + i * kGroupedColumns<Format>;
    weights.low[i] = load_streaming(reinterpret_cast<const Words4*>(at));
    weights.high[i] = load_streaming(reinterpret_cast<const Words4*>(at + std::size_t{8} * p.k));
  }
}

/// Adds a block to the sums; `x` is the lane's first number of it in the row of token lane / 4.
template <class Format, class Shared, unsigned kTokenTiles>
HELIXSIM_DEVICE void grouped_multiply(const GroupedWeights<Format>& weights, const Bf16* x,
                                      unsigned tokens, float (&sums)[kTokenTiles][4]) {
  float parts[kTokenTiles][4] = {};
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kGroupedLoads<Format>; ++i) {
    std::uint32_t low[Format::kSteps][2];
    std::uint32_t high[Format::kSteps][2];
    Format::operands(weights.low[i], low);
    Format::operands(weights.high[i], high);
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < kTokenTiles; ++t) {
      if (t * 8 >= tokens) break;
      multiply_rows<Format>(parts[t], low, high,
                            x + t * 8 * Shared::kStride + i * kGroupedColumns<Format>);
    }
  }
  HELIXSIM_UNROLL
  for (unsigned t = 0; t < kTokenTiles; ++t) {
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 4; ++j) sums[t][j] += weights.scale * parts[t][j];
  }
}

/// Leaves a warp's sums, which begin anew, for all to see.
template <class Shared, unsigned kTokenTiles>
HELIXSIM_DEVICE void grouped_leave_sums(Shared& shared, float (&sums)[kTokenTiles][4]) {
  HELIXSIM_UNROLL
  for (unsigned t = 0; t < kTokenTiles; ++t) {
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 4; ++j) {
      const unsigned token = t * 8 + lane_index() % 4 * 2 + j % 2;
      shared.sums[warp_index()][token][lane_index() / 4 + j / 2 * 8] = sums[t][j];
      sums[t][j] = 0.0f;
    }
  }
}

/// Sums the parts of k of a place and writes them, eight neighbouring rows a thread.
template <class Format, class Shared>
HELIXSIM_DEVICE void grouped_store(const GroupedGemm<Format>& p, const Shared& shared,
                                   const GroupedPlace& place) {
  const unsigned eights = kGroupedRows * kGroupedWarps / p.k_warps / 8;
  const unsigned tokens = grouped_tokens<Shared>(place);
  for (unsigned i = thread_index(); i < tokens * eights; i += kGroupedThreads) {
    const unsigned token = i / eights;
    const unsigned row = i % eights * 8;
    if (place.row + row >= p.n) continue;
    float totals[8] = {};
    for (unsigned part = 0; part < p.k_warps; ++part) {
      const float* from =
          &shared.sums[row / kGroupedRows * p.k_warps + part][token][row % kGroupedRows];
      HELIXSIM_UNROLL
      for (unsigned j = 0; j < 8; ++j) totals[j] += from[j];
    }
    const std::size_t slot = static_cast<std::size_t>(place.tokens.begin) + token;
    store_eight(p.out + slot * p.n + place.row + row, totals);
  }
}

/// Fills the ring from the block's first piece on.
template <class Format, class Shared>
HELIXSIM_DEVICE void grouped_fill(const GroupedGemm<Format>& p, Shared& shared) {
  GroupedPlace place = grouped_place(p, shared, block_x());
  for (unsigned stage = 0; stage < Shared::kStages; ++stage) {
    if (lane_index() == 0) shared.places[stage] = place;
    if (place.exists) grouped_bring(p, shared, stage, place);
    place = grouped_next(p, shared, place);
  }
}

/// The first column of a stage that is this warp's.
template <class Format>
HELIXSIM_DEVICE unsigned grouped_first(const GroupedGemm<Format>& p) {
  return warp_index() % p.k_warps * (kGroupedStage / p.k_warps);
}

/// A warp's part of a stage, which has come. `ahead` are the weights of its first step, and after
/// it those of the next round's.
template <class Format, class Shared, unsigned kTokenTiles>
HELIXSIM_DEVICE void grouped_round(const GroupedGemm<Format>& p, const Shared& shared,
                                   unsigned round,
                                   GroupedWeights<Format> (&ahead)[kGroupedAhead<Format>],
                                   float (&sums)[kTokenTiles][4]) {
  const GroupedPlace& here = shared.places[round % kGroupedPlaces];
  const unsigned tokens = grouped_tokens<Shared>(here);
  const unsigned first = grouped_first(p);
  const unsigned end = first + kGroupedStage / p.k_warps;
  const Bf16* x =
      shared.x[round % Shared::kStages][lane_index() / 4] + lane_index() % 4 * Format::kPerLoad;
  for (unsigned step = first; step < end; step += kGroupedStep<Format>) {
    const bool more = step + kGroupedStep<Format> < end;
    const GroupedPlace& then = shared.places[(more ? round : round + 1) % kGroupedPlaces];
    const unsigned next = then.column + (more ? step + kGroupedStep<Format> : first);
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < kGroupedAhead<Format>; ++i) {
      const unsigned column = step + i * kGroupedBlock;
      const GroupedWeights<Format> weights = ahead[i];
      grouped_load(p, then, next + i * kGroupedBlock, ahead[i]);
      if (here.column + column < p.k)
        grouped_multiply<Format, Shared>(weights, x + column, tokens, sums);
    }
  }
}

/// Launch: as many blocks as run at once, at most one a piece: touched experts times n / (128 /
/// k_warps) rounded up; kGroupedThreads threads, sizeof(GroupedShared<Format, kTokenTiles>) shared.
template <class Format, unsigned kTokenTiles>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kGroupedThreads, 2) grouped_gemm(GroupedGemm<Format> p) {
  using Shared = GroupedShared<Format, kTokenTiles>;
  auto& shared = shared_as<Shared>();
  if (thread_index() == 0) {
    for (auto& full : shared.full) init_barrier(full, 1);
    fence_barrier_init();
  }
  block_barrier();
  wait_for_previous_kernel();  // which experts have tokens is known only now
  release_next_kernel();
  if (warp_index() == 0) {
    grouped_list_touched(p, shared);
    warp_barrier();
    grouped_fill(p, shared);
  }
  block_barrier();
  GroupedWeights<Format> weights[kGroupedAhead<Format>] = {};
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kGroupedAhead<Format>; ++i)
    grouped_load(p, shared.places[0], grouped_first(p) + i * kGroupedBlock, weights[i]);
  float sums[kTokenTiles][4] = {};
  for (unsigned round = 0; shared.places[round % kGroupedPlaces].exists; ++round) {
    const GroupedPlace& here = shared.places[round % kGroupedPlaces];
    const unsigned stage = round % Shared::kStages;
    const unsigned ahead = round + Shared::kStages;
    if (thread_index() == 0)
      shared.places[ahead % kGroupedPlaces] =
          grouped_next(p, shared, shared.places[(ahead - 1) % kGroupedPlaces]);
    wait(shared.full[stage], round / Shared::kStages % 2);
    grouped_round(p, shared, round, weights, sums);
    const bool last = here.column + kGroupedStage >= p.k;
    if (last) grouped_leave_sums(shared, sums);
    block_barrier();  // all have read the stage and left their sums
    if (warp_index() == 0 && shared.places[ahead % kGroupedPlaces].exists) {
      fence_bulk_copies();
      grouped_bring(p, shared, stage, shared.places[ahead % kGroupedPlaces]);
    }
    if (last) {
      grouped_store(p, shared, here);
      block_barrier();  // before sums are left again
    }
  }
}

}  // namespace helixsim::kernels
