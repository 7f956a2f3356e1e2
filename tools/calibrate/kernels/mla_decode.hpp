#pragma once

#include "tools/calibrate/kernels/arithmetic/softmax.hpp"
#include "tools/calibrate/kernels/arithmetic/split_range.hpp"
#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// Flash-decode of multi-head latent attention after absorption, over one rank's shard of latents,
/// split over the tokens. A token's 576 numbers are the key of every head, the first 512 its value.
///
/// Shapes: q [batch, heads, 576]; cache [page, page_tokens, 576], pages and lengths as GqaDecode
/// has
///         them; partial [splits, batch, heads, 512], each normalised; lse2 [splits, batch, heads].
/// Model:  scores q k * scale_log2; probabilities in BF16. Every latent is read once from HBM for
///         keys and values of all heads of a block; blocks of other heads find it in L2.
/// Needs:  heads a multiple of kHeads, the heads of a block.
/// Limit:  HBM for 16 heads (30 flops a byte), the rate of mma.sync for 128: the body that every
///         architecture runs; wgmma and tcgen05 are faster there.
/// Source: DeepSeek-V2 (MLA); Dao et al. 2023 (Flash-Decoding).
struct MlaDecode {
  const Bf16* q = nullptr;
  const Bf16* cache = nullptr;
  const int* pages = nullptr;
  const int* lengths = nullptr;
  float* partial = nullptr;
  float* lse2 = nullptr;
  float scale_log2 = 0.0f;
  unsigned heads = 128;
  int page_tokens = 64;
  int pages_per_request = 1;
};

inline constexpr unsigned kMlaWidth = 576;  ///< of a latent: 512 and 64 of RoPE
inline constexpr unsigned kMlaValues = 512;
inline constexpr unsigned kMlaRow = kMlaWidth * 2 + 16;  ///< bytes, padded for the banks
inline constexpr unsigned kMlaWarps = 8;
inline constexpr unsigned kMlaThreads = kMlaWarps * kWarpThreads;
inline constexpr int kMlaTile = 32;  ///< tokens
inline constexpr unsigned kMlaSteps = kMlaWidth / 16;
inline constexpr unsigned kMlaColumns = kMlaValues / kMlaWarps;  ///< of the output, a warp

/// How the warps share the scores of a tile: head tiles of 16 x two halves of the tokens x parts of
/// the 576, of which each has whole instructions.
template <unsigned kHeads>
struct MlaShares {
  static constexpr unsigned kHeadTiles = kHeads / 16;
  static constexpr unsigned kParts = kMlaWarps / (2 * kHeadTiles);
  static constexpr unsigned kStepsEach = kMlaSteps / kParts;
  static_assert(kParts * kStepsEach == kMlaSteps && kParts * 2 * kHeadTiles == kMlaWarps);
};

template <unsigned kHeads, unsigned kStages>
struct MlaShared {
  static constexpr unsigned kScoreRow = kMlaTile + 4;             // floats
  static constexpr unsigned kProbabilityRow = kMlaTile * 2 + 16;  // bytes
  unsigned char latents[kStages][kMlaTile * kMlaRow];
  unsigned char queries[kHeads * kMlaRow];
  float scores[MlaShares<kHeads>::kParts][kHeads][kScoreRow];
  unsigned char probabilities[kHeads * kProbabilityRow];
  float rescale[kHeads];
  float sums[kHeads];  ///< at the end
  CopyBarrier full[kStages];
};

/// One warp brings a tile: a row a lane.
template <unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_bring_tile(const MlaDecode& p, MlaShared<kHeads, kStages>& shared,
                                    unsigned stage, int first, int end) {
  const int count = end - first < kMlaTile ? end - first : kMlaTile;
  const int row = static_cast<int>(lane_index());
  if (row == 0) arrive_expecting(shared.full[stage], static_cast<unsigned>(count) * kMlaWidth * 2);
  warp_barrier();
  if (row >= count) return;
  const int token = first + row;
  const unsigned request = block_z();
  const std::size_t page =
      p.pages == nullptr
          ? request
          : static_cast<std::size_t>(
                p.pages[static_cast<int>(request) * p.pages_per_request + token / p.page_tokens]);
  const std::size_t inside =
      static_cast<std::size_t>(p.pages == nullptr ? token : token % p.page_tokens);
  bulk_copy(shared.latents[stage] + row * static_cast<int>(kMlaRow),
            p.cache + (page * static_cast<std::size_t>(p.page_tokens) + inside) * kMlaWidth,
            kMlaWidth * 2, shared.full[stage]);
}

template <unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_load_queries(const MlaDecode& p, MlaShared<kHeads, kStages>& shared) {
  constexpr unsigned kWords = kMlaWidth / 8;
  const Bf16* q = p.q + (std::size_t{block_z()} * p.heads + block_y() * kHeads) * kMlaWidth;
  for (unsigned i = thread_index(); i < kHeads * kWords; i += kMlaThreads)
    *reinterpret_cast<Words4*>(shared.queries + i / kWords * kMlaRow + i % kWords * 16) =
        *reinterpret_cast<const Words4*>(q + i * 8);
}

/// This warp's part of the scores of a tile: 16 heads, 16 tokens, a part of the 576.
template <unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_scores(MlaShared<kHeads, kStages>& shared, unsigned stage) {
  using Shares = MlaShares<kHeads>;
  const unsigned lane = lane_index();
  const unsigned head_tile = warp_index() % Shares::kHeadTiles;
  const unsigned half = warp_index() / Shares::kHeadTiles % 2;
  const unsigned part = warp_index() / (2 * Shares::kHeadTiles);
  const unsigned begin = part * Shares::kStepsEach * 32;  // bytes
  const unsigned char* queries =
      shared.queries + (head_tile * 16 + lane % 16) * kMlaRow + lane / 16 * 16 + begin;
  const unsigned char* keys = shared.latents[stage] +
                              (half * 16 + lane / 16 * 8 + lane % 8) * kMlaRow + lane / 8 % 2 * 16 +
                              begin;
  float sums[2][4] = {};
  HELIXSIM_UNROLL
  for (unsigned step = 0; step < Shares::kStepsEach; ++step) {
    std::uint32_t a[4];
    std::uint32_t b[4];
    load_matrices(a, queries + step * 32);
    load_matrices(b, keys + step * 32);
    const std::uint32_t low[2] = {b[0], b[1]};
    const std::uint32_t high[2] = {b[2], b[3]};
    multiply_add(sums[0], a, low);
    multiply_add(sums[1], a, high);
  }
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned head = head_tile * 16 + lane / 4 + i % 4 / 2 * 8;
    const unsigned token = half * 16 + i / 4 * 8 + lane % 4 * 2 + i % 2;
    shared.scores[part][head][token] = sums[i / 4][i % 4];
  }
}

/// Probabilities of a tile relative to the largest score so far; each head has a few neighbouring
/// threads, which all keep its state.
template <unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_softmax(const MlaDecode& p, MlaShared<kHeads, kStages>& shared, int valid,
                                 Softmax<float>& state) {
  using Shared = MlaShared<kHeads, kStages>;
  constexpr unsigned kThreadsEach = kMlaThreads / kHeads;
  constexpr unsigned kTokensEach = kMlaTile / kThreadsEach;
  const unsigned head = thread_index() / kThreadsEach;
  const unsigned first = thread_index() % kThreadsEach * kTokensEach;
  float scores[kTokensEach];
  float largest = state.largest;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kTokensEach; ++i) {
    float score = 0.0f;
    HELIXSIM_UNROLL
    for (unsigned part = 0; part < MlaShares<kHeads>::kParts; ++part)
      score += shared.scores[part][head][first + i];
    scores[i] = static_cast<int>(first + i) < valid ? score * p.scale_log2 : -INFINITY;
    largest = scores[i] > largest ? scores[i] : largest;
  }
  for (unsigned mask = 1; mask < kThreadsEach; mask *= 2) {
    const float other = shuffle_xor(largest, mask);
    largest = other > largest ? other : largest;
  }
  const float rescale = largest == -INFINITY ? 0.0f : fast_exp2(state.largest - largest);
  float sum = 0.0f;
  auto* probabilities = reinterpret_cast<std::uint32_t*>(
      shared.probabilities + head * Shared::kProbabilityRow + first * 2);
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kTokensEach; i += 2) {
    const float low = largest == -INFINITY ? 0.0f : fast_exp2(scores[i] - largest);
    const float high = largest == -INFINITY ? 0.0f : fast_exp2(scores[i + 1] - largest);
    sum += low + high;
    probabilities[i / 2] = pack_bf16(low, high);
  }
  state = {largest, state.sum * rescale + sum};
  if (first == 0) shared.rescale[head] = rescale;
}

/// Output of a warp: all heads of the block, its 64 columns.
template <unsigned kHeads>
struct MlaOutput {
  float tiles[kHeads / 16][kMlaColumns / 8][4] = {};
};

template <unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_add_values(const MlaShared<kHeads, kStages>& shared, unsigned stage,
                                    MlaOutput<kHeads>& out) {
  using Shared = MlaShared<kHeads, kStages>;
  const unsigned lane = lane_index();
  HELIXSIM_UNROLL
  for (unsigned h = 0; h < kHeads / 16; ++h) {
    const float low = shared.rescale[h * 16 + lane / 4];
    const float high = shared.rescale[h * 16 + lane / 4 + 8];
    HELIXSIM_UNROLL
    for (auto& tile : out.tiles[h]) {
      tile[0] *= low;
      tile[1] *= low;
      tile[2] *= high;
      tile[3] *= high;
    }
  }
  HELIXSIM_UNROLL
  for (unsigned step = 0; step < kMlaTile / 16; ++step) {
    std::uint32_t weights[kHeads / 16][4];
    HELIXSIM_UNROLL
    for (unsigned h = 0; h < kHeads / 16; ++h)
      load_matrices(weights[h], shared.probabilities +
                                    (h * 16 + lane % 16) * Shared::kProbabilityRow + step * 32 +
                                    lane / 16 * 16);
    const unsigned char* values = shared.latents[stage] +
                                  (step * 16 + lane / 8 % 2 * 8 + lane % 8) * kMlaRow +
                                  warp_index() * kMlaColumns * 2 + lane / 16 * 16;
    HELIXSIM_UNROLL
    for (unsigned pair = 0; pair < kMlaColumns / 16; ++pair) {
      std::uint32_t b[4];
      load_matrices_transposed(b, values + pair * 32);
      const std::uint32_t first[2] = {b[0], b[1]};
      const std::uint32_t second[2] = {b[2], b[3]};
      HELIXSIM_UNROLL
      for (unsigned h = 0; h < kHeads / 16; ++h) {
        multiply_add(out.tiles[h][2 * pair], weights[h], first);
        multiply_add(out.tiles[h][2 * pair + 1], weights[h], second);
      }
    }
  }
}

/// Latents of rows that no token fills: 0, for 0 times NaN is not 0.
template <unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_clear_tail(MlaShared<kHeads, kStages>& shared, unsigned stage, int valid) {
  auto* words = reinterpret_cast<std::uint32_t*>(shared.latents[stage]);
  for (unsigned i = static_cast<unsigned>(valid) * kMlaRow / 4 + thread_index();
       i < kMlaTile * kMlaRow / 4; i += kMlaThreads)
    words[i] = 0u;
}

template <unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_store(const MlaDecode& p, MlaShared<kHeads, kStages>& shared,
                               const Softmax<float>& state, const MlaOutput<kHeads>& out) {
  constexpr unsigned kThreadsEach = kMlaThreads / kHeads;
  float sum = state.sum;
  for (unsigned mask = 1; mask < kThreadsEach; mask *= 2) sum += shuffle_xor(sum, mask);
  const std::size_t rows =
      (std::size_t{block_x()} * grid_z() + block_z()) * p.heads + block_y() * kHeads;
  if (thread_index() % kThreadsEach == 0) {
    const unsigned head = thread_index() / kThreadsEach;
    shared.sums[head] = sum;
    p.lse2[rows + head] = sum > 0.0f ? state.largest + fast_log2(sum) : -INFINITY;
  }
  block_barrier();
  HELIXSIM_UNROLL
  for (unsigned h = 0; h < kHeads / 16; ++h) {
    HELIXSIM_UNROLL
    for (unsigned half = 0; half < 2; ++half) {
      const unsigned head = h * 16 + lane_index() / 4 + half * 8;
      const float scale = shared.sums[head] > 0.0f ? 1.0f / shared.sums[head] : 0.0f;
      float* to = p.partial + (rows + head) * kMlaValues + warp_index() * kMlaColumns +
                  lane_index() % 4 * 2;
      HELIXSIM_UNROLL
      for (unsigned tile = 0; tile < kMlaColumns / 8; ++tile) {
        to[tile * 8] = out.tiles[h][tile][half * 2] * scale;
        to[tile * 8 + 1] = out.tiles[h][tile][half * 2 + 1] * scale;
      }
    }
  }
}

/// Launch: grid (splits, heads / kHeads, batch), kMlaThreads threads,
/// sizeof(MlaShared<kHeads, kStages>) shared.
template <unsigned kHeads, unsigned kStages>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kMlaThreads, 1) mla_decode(MlaDecode p) {
  auto& shared = shared_as<MlaShared<kHeads, kStages>>();
  if (thread_index() == 0) {
    for (CopyBarrier& barrier : shared.full) init_barrier(barrier, 1);
    fence_barrier_init();
  }
  block_barrier();
  wait_for_previous_kernel();
  const TokenRange range = split_range(p.lengths[block_z()], kMlaTile, static_cast<int>(block_x()),
                                       static_cast<int>(grid_x()));
  const int tiles = (range.end - range.begin + kMlaTile - 1) / kMlaTile;
  if (warp_index() == 0) {
    for (unsigned s = 0; s < kStages && static_cast<int>(s) < tiles; ++s)
      mla_bring_tile(p, shared, s, range.begin + static_cast<int>(s) * kMlaTile, range.end);
  }
  mla_load_queries(p, shared);
  Softmax<float> state;
  MlaOutput<kHeads> out;
  block_barrier();
  for (int tile = 0; tile < tiles; ++tile) {
    const unsigned stage = static_cast<unsigned>(tile) % kStages;
    const int first = range.begin + tile * kMlaTile;
    const int valid = range.end - first;
    wait(shared.full[stage], static_cast<unsigned>(tile) / kStages % 2);
    if (valid < kMlaTile) {
      mla_clear_tail(shared, stage, valid);
      block_barrier();
    }
    mla_scores(shared, stage);
    block_barrier();
    mla_softmax(p, shared, valid, state);
    block_barrier();
    mla_add_values(shared, stage, out);
    block_barrier();  // all have read the stage and the probabilities
    const int next = first + static_cast<int>(kStages) * kMlaTile;
    if (warp_index() == 0 && next < range.end) {
      fence_bulk_copies();
      mla_bring_tile(p, shared, stage, next, range.end);
    }
  }
  release_next_kernel();
  mla_store(p, shared, state, out);
}

}  // namespace helixsim::kernels
