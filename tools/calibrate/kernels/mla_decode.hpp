#pragma once

#include "tools/calibrate/kernels/arithmetic/paging.hpp"
#include "tools/calibrate/kernels/arithmetic/softmax.hpp"
#include "tools/calibrate/kernels/arithmetic/split_range.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/mla_formats.hpp"

namespace helixsim::kernels {

/// Flash-decode of multi-head latent attention after absorption, over one rank's shard of latents,
/// split over the tokens. A token's 576 numbers are the key of every head, the first 512 its value.
///
/// Shapes: q [batch, heads, 576]; cache [page, page_tokens, 576], where pages holds the page of
///         each `page_tokens` tokens of a request [batch, pages_per_request], or is null: page r is
///         all of request r; lengths [batch], of which any may be 0; partial [splits, batch, heads,
///         512], each normalised; lse2 [splits, batch, heads], base 2, -inf where a split has no
///         tokens. combine.hpp merges them.
/// Model:  scores q k * scale_log2; probabilities in BF16; bytes and flops: mla_work. Every latent
///         is read once from HBM for keys and values of all heads of a block; blocks of other heads
///         find it in L2.
/// Needs:  heads a multiple of kHeads, the heads of a block.
/// Limit:  HBM for 16 heads (30 flops a byte in BF16), the rate of mma.sync for 128: the body that
///         every architecture runs; wgmma (mla_decode_wgmma.hpp) and tcgen05 are faster there. For
///         64 heads a block the operands' way through shared memory comes close to both.
/// Source: DeepSeek-V2 (MLA); Dao et al. 2023 (Flash-Decoding).
template <class Format>
struct MlaDecode {
  const Bf16* q = nullptr;
  const typename Format::Number* cache = nullptr;
  const int* pages = nullptr;
  const int* lengths = nullptr;
  float* partial = nullptr;
  float* lse2 = nullptr;
  float scale_log2 = 0.0f;
  unsigned heads = 128;
  int page_tokens = 64;
  int pages_per_request = 1;
};

/// What one call moves and computes.
struct MlaWork {
  double bytes = 0.0;
  double flops = 0.0;
};

/// Bytes: latents once, however many blocks of heads read them; queries; partial outputs and lse2
/// of every split. The page table and lengths are left out.
/// Flops: a multiplication and an addition for each of 576 numbers of a score and 512 of an output;
/// exponentials are left out. `tokens` of each request, of `number_bytes` a number.
inline MlaWork mla_work(double batch, double tokens, double heads, double splits,
                        double number_bytes) {
  const double rows = batch * heads;
  const double of_row = kMlaWidth * 2.0 + splits * (kMlaValues + 1.0) * 4.0;
  return {.bytes = batch * tokens * kMlaWidth * number_bytes + rows * of_row,
          .flops = 2.0 * rows * tokens * (kMlaWidth + kMlaValues)};
}

inline constexpr unsigned kMlaThreads = kMlaWarps * kWarpThreads;
inline constexpr int kMlaTile = 32;                           ///< tokens
inline constexpr unsigned kMlaQueryRow = kMlaWidth * 2 + 16;  ///< bytes, padded for the banks

/// How the warps share the scores of a tile: four parts of the 576, times two halves of the heads,
/// or of the tokens where there are but 16 heads. Parts rather than more halves: operands that are
/// loaded once serve more instructions, and chains of sums are short.
template <unsigned kHeads>
struct MlaShares {
  static constexpr unsigned kParts = 4;
  static constexpr unsigned kStepsEach = kMlaSteps / kParts;
  static constexpr bool kOfHeads = kHeads > 16;
  static constexpr unsigned kHeadTiles = kOfHeads ? kHeads / 32 : 1;  ///< of 16, a warp
  static constexpr unsigned kTokenTiles = kOfHeads ? 2 : 1;           ///< of 16, a warp
  static_assert(kParts * kStepsEach == kMlaSteps && kParts * 2 == kMlaWarps);
  static_assert(kHeads == 16 || kHeads == 32 || kHeads == 64);
};

template <class Format, unsigned kHeads, unsigned kStages>
struct MlaShared {
  static constexpr unsigned kProbabilityRow = kMlaTile * 2 + 16;  // bytes
  unsigned char latents[kStages][kMlaTile * Format::kPaddedRow];
  unsigned char queries[kHeads * kMlaQueryRow];
  FloatPair scores[MlaShares<kHeads>::kParts][kHeads][kMlaTile / 2];  ///< at mla_score_place
  unsigned char probabilities[kHeads * kProbabilityRow];
  float rescale[kHeads];
  float sums[kHeads];  ///< at the end
  CopyBarrier full[kStages];
};
inline constexpr std::size_t kMlaMostShared = 227 * 1024;  ///< that a block can have, sm_90 on

/// Where the scores of tokens 2 `pair` and the next stand in the row of their head. Heads that are
/// written or read together use banks of their own.
HELIXSIM_DEVICE unsigned mla_score_place(unsigned head, unsigned pair) {
  return pair ^ (head % 2 * 8 + head / 2 % 2 * 4);
}

/// Latent of a token of this block's request.
template <class Format>
HELIXSIM_DEVICE const typename Format::Number* mla_latent(const MlaDecode<Format>& p, int token) {
  const PagedToken at = paged_token(p.pages, p.pages_per_request, p.page_tokens, block_z(), token);
  return p.cache + (at.page * static_cast<std::size_t>(p.page_tokens) + at.inside) * kMlaWidth;
}

/// One warp brings a tile: a row a lane.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_bring_tile(const MlaDecode<Format>& p,
                                    MlaShared<Format, kHeads, kStages>& shared, unsigned stage,
                                    int first, int end) {
  static_assert(kMlaTile == kWarpThreads);
  const int count = end - first < kMlaTile ? end - first : kMlaTile;
  const int row = static_cast<int>(lane_index());
  if (row == 0)
    arrive_expecting(shared.full[stage], static_cast<unsigned>(count) * Format::kRowBytes);
  warp_barrier();
  if (row >= count) return;
  bulk_copy(shared.latents[stage] + row * static_cast<int>(Format::kPaddedRow),
            mla_latent(p, first + row), Format::kRowBytes, shared.full[stage]);
}

/// Queries of the block, each step's pairs in the format's order.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_load_queries(const MlaDecode<Format>& p,
                                      MlaShared<Format, kHeads, kStages>& shared) {
  constexpr unsigned kWords = kMlaWidth / 8;
  const Bf16* q = p.q + (std::size_t{block_z()} * p.heads + block_y() * kHeads) * kMlaWidth;
  for (unsigned i = thread_index(); i < kHeads * kWords; i += kMlaThreads) {
    const Words4 words = *reinterpret_cast<const Words4*>(q + i * 8);
    const std::uint32_t pairs[4] = {words.x, words.y, words.z, words.w};
    auto* step = reinterpret_cast<std::uint32_t*>(shared.queries + i / kWords * kMlaQueryRow +
                                                  i % kWords / 2 * kMlaStep * 2);
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 4; ++j) step[Format::query_place(i % 2 * 4 + j)] = pairs[j];
  }
}

/// A warp's sums for its share of the scores; its first head and token.
template <unsigned kHeads>
struct MlaScores {
  using Shares = MlaShares<kHeads>;
  unsigned part = warp_index() % Shares::kParts;
  unsigned head = Shares::kOfHeads ? warp_index() / Shares::kParts * Shares::kHeadTiles * 16 : 0;
  unsigned token = Shares::kOfHeads ? 0 : warp_index() / Shares::kParts * 16;
  float sums[Shares::kHeadTiles][2 * Shares::kTokenTiles][4] = {};
};

template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_add_step(const MlaShared<Format, kHeads, kStages>& shared, unsigned stage,
                                  unsigned step, MlaScores<kHeads>& scores) {
  using Shares = MlaShares<kHeads>;
  std::uint32_t queries[Shares::kHeadTiles][4];
  HELIXSIM_UNROLL
  for (unsigned h = 0; h < Shares::kHeadTiles; ++h)
    load_matrices(queries[h], shared.queries +
                                  (scores.head + h * 16 + lane_index() % 16) * kMlaQueryRow +
                                  lane_index() / 16 * 16 + step * kMlaStep * 2);
  HELIXSIM_UNROLL
  for (unsigned t = 0; t < Shares::kTokenTiles; ++t) {
    std::uint32_t low[2];
    std::uint32_t high[2];
    Format::load_keys(shared.latents[stage] + (scores.token + t * 16) * Format::kPaddedRow, step,
                      low, high);
    HELIXSIM_UNROLL
    for (unsigned h = 0; h < Shares::kHeadTiles; ++h) {
      multiply_add(scores.sums[h][2 * t], queries[h], low);
      multiply_add(scores.sums[h][2 * t + 1], queries[h], high);
    }
  }
}

/// This warp's share of the scores of a tile.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_scores(MlaShared<Format, kHeads, kStages>& shared, unsigned stage) {
  using Shares = MlaShares<kHeads>;
  MlaScores<kHeads> scores;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < Shares::kStepsEach; ++i)
    mla_add_step(shared, stage, scores.part * Shares::kStepsEach + i, scores);
  HELIXSIM_UNROLL
  for (unsigned h = 0; h < Shares::kHeadTiles; ++h) {
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < 2 * Shares::kTokenTiles; ++t) {
      HELIXSIM_UNROLL
      for (unsigned half = 0; half < 2; ++half) {
        const unsigned head = scores.head + h * 16 + lane_index() / 4 + half * 8;
        const unsigned pair = scores.token / 2 + t * 4 + lane_index() % 4;
        shared.scores[scores.part][head][mla_score_place(head, pair)] = {
            scores.sums[h][t][half * 2], scores.sums[h][t][half * 2 + 1]};
      }
    }
  }
}

/// Scores of tokens 2 `pair` and the next, all parts; -inf from `valid` on.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE FloatPair mla_two_scores(const MlaShared<Format, kHeads, kStages>& shared,
                                         unsigned head, unsigned pair, float scale_log2,
                                         int valid) {
  FloatPair sum;
  HELIXSIM_UNROLL
  for (unsigned part = 0; part < MlaShares<kHeads>::kParts; ++part) {
    const FloatPair one = shared.scores[part][head][mla_score_place(head, pair)];
    sum = {sum.low + one.low, sum.high + one.high};
  }
  const int token = static_cast<int>(pair) * 2;
  return {token < valid ? sum.low * scale_log2 : -INFINITY,
          token + 1 < valid ? sum.high * scale_log2 : -INFINITY};
}

/// Probabilities of a tile relative to the largest score so far. Each head has a few neighbouring
/// threads, which take pairs of tokens in turn and all keep its state; `valid` is at least 1.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_softmax(MlaShared<Format, kHeads, kStages>& shared, float scale_log2,
                                 int valid, Softmax<float>& state) {
  constexpr unsigned kThreadsEach = kMlaThreads / kHeads;
  constexpr unsigned kPairsEach = kMlaTile / 2 / kThreadsEach;
  const unsigned head = thread_index() / kThreadsEach;
  const unsigned first = thread_index() % kThreadsEach;
  FloatPair scores[kPairsEach];
  float largest = state.largest;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kPairsEach; ++i) {
    scores[i] = mla_two_scores(shared, head, first + i * kThreadsEach, scale_log2, valid);
    largest = fmaxf(largest, fmaxf(scores[i].low, scores[i].high));
  }
  for (unsigned mask = 1; mask < kThreadsEach; mask *= 2)
    largest = fmaxf(largest, shuffle_xor(largest, mask));
  const float rescale = fast_exp2(state.largest - largest);
  float sum = 0.0f;
  auto* probabilities = reinterpret_cast<std::uint32_t*>(
      shared.probabilities + head * MlaShared<Format, kHeads, kStages>::kProbabilityRow);
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kPairsEach; ++i) {
    const float low = fast_exp2(scores[i].low - largest);
    const float high = fast_exp2(scores[i].high - largest);
    sum += low + high;
    probabilities[first + i * kThreadsEach] = pack_bf16(low, high);
  }
  state = {largest, state.sum * rescale + sum};
  if (first == 0) shared.rescale[head] = rescale;
}

/// Output of a warp: all heads of the block, its 64 columns.
template <unsigned kHeads>
struct MlaOutput {
  MlaColumnSums tiles[kHeads / 16] = {};
};

/// Makes sums so far relative to the largest score of now.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_rescale(const MlaShared<Format, kHeads, kStages>& shared,
                                 MlaOutput<kHeads>& out) {
  HELIXSIM_UNROLL
  for (unsigned h = 0; h < kHeads / 16; ++h) {
    const float low = shared.rescale[h * 16 + lane_index() / 4];
    const float high = shared.rescale[h * 16 + lane_index() / 4 + 8];
    HELIXSIM_UNROLL
    for (auto& tile : out.tiles[h]) {
      tile[0] *= low;
      tile[1] *= low;
      tile[2] *= high;
      tile[3] *= high;
    }
  }
}

template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_add_values(const MlaShared<Format, kHeads, kStages>& shared,
                                    unsigned stage, MlaOutput<kHeads>& out) {
  using Shared = MlaShared<Format, kHeads, kStages>;
  HELIXSIM_UNROLL
  for (unsigned step = 0; step < kMlaTile / 16; ++step) {
    std::uint32_t weights[kHeads / 16][4];
    HELIXSIM_UNROLL
    for (unsigned h = 0; h < kHeads / 16; ++h)
      load_matrices(weights[h], shared.probabilities +
                                    (h * 16 + lane_index() % 16) * Shared::kProbabilityRow +
                                    step * 32 + lane_index() / 16 * 16);
    Format::for_each_value_tile(shared.latents[stage] + step * 16 * Format::kPaddedRow,
                                [&](unsigned tile, const std::uint32_t(&values)[2]) {
                                  HELIXSIM_UNROLL
                                  for (unsigned h = 0; h < kHeads / 16; ++h)
                                    multiply_add(out.tiles[h][tile], weights[h], values);
                                });
  }
}

/// Latents of rows that no token fills: 0, for 0 times NaN is not 0. Only as values: their scores,
/// whatever they are, are masked.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_clear_tail(MlaShared<Format, kHeads, kStages>& shared, unsigned stage,
                                    int valid) {
  constexpr unsigned kWords = Format::kPaddedRow / 4;
  auto* words = reinterpret_cast<std::uint32_t*>(shared.latents[stage]);
  for (unsigned i = static_cast<unsigned>(valid) * kWords + thread_index(); i < kMlaTile * kWords;
       i += kMlaThreads)
    words[i] = 0u;
}

template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_store(const MlaDecode<Format>& p,
                               MlaShared<Format, kHeads, kStages>& shared,
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
      float* to = p.partial + (rows + head) * kMlaValues + warp_index() * kMlaColumns;
      Format::store_row(to, out.tiles[h], half, scale);
    }
  }
}

/// One tile that has come into `stage`.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_DEVICE void mla_attend(MlaShared<Format, kHeads, kStages>& shared, unsigned stage,
                                float scale_log2, int valid, Softmax<float>& state,
                                MlaOutput<kHeads>& out) {
  mla_scores(shared, stage);
  block_barrier();
  if (valid < kMlaTile) mla_clear_tail(shared, stage, valid);
  mla_softmax(shared, scale_log2, valid, state);
  block_barrier();
  mla_rescale(shared, out);
  mla_add_values(shared, stage, out);
  block_barrier();  // all have read the stage and the probabilities
}

/// Launch: grid (splits, heads / kHeads, batch), kMlaThreads threads,
/// sizeof(MlaShared<Format, kHeads, kStages>) shared.
template <class Format, unsigned kHeads, unsigned kStages>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kMlaThreads, 1) mla_decode(MlaDecode<Format> p) {
  static_assert(sizeof(MlaShared<Format, kHeads, kStages>) <= kMlaMostShared);
  auto& shared = shared_as<MlaShared<Format, kHeads, kStages>>();
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
    wait(shared.full[stage], static_cast<unsigned>(tile) / kStages % 2);
    mla_attend(shared, stage, p.scale_log2, range.end - first, state, out);
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
