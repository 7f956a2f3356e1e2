#pragma once

#include "tools/calibrate/kernels/arithmetic/paging.hpp"
#include "tools/calibrate/kernels/arithmetic/softmax.hpp"
#include "tools/calibrate/kernels/arithmetic/split_range.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/gqa_formats.hpp"

namespace helixsim::kernels {

/// Flash-decode of grouped-query attention over one rank's KV shard, split over the tokens.
///
/// Shapes: q [batch, kv_heads, group, 128]; keys and values [page, kv_heads, page_tokens, 128],
///         where pages holds the page of each `page_tokens` tokens of a request
///         [batch, pages_per_request], or is null: page r is all of request r; lengths [batch], of
///         which any may be 0; partial [splits, batch, kv_heads, group, 128], each normalised;
///         lse2 [splits, batch, kv_heads, group], base 2, -inf where a split has no tokens.
/// Model:  scores q k * scale_log2 with scale_log2 = log2(e) / sqrt(128); probabilities in BF16.
/// Needs:  group at most 16; reads each key and value once, and nothing beyond a request's length.
/// Source: Dao et al. 2023 (Flash-Decoding); one query row a head, heads of a group on the M side
/// of
///         the tensor core.
template <class Format>
struct GqaDecode {
  const Bf16* q = nullptr;
  const typename Format::Number* keys = nullptr;
  const typename Format::Number* values = nullptr;
  const int* pages = nullptr;
  const int* lengths = nullptr;
  float* partial = nullptr;
  float* lse2 = nullptr;
  float scale_log2 = 0.0f;
  unsigned group = 16;
  int page_tokens = 64;
  int pages_per_request = 1;
};

inline constexpr unsigned kGqaWarps = 4;
inline constexpr unsigned kGqaThreads = kGqaWarps * kWarpThreads;
inline constexpr int kGqaTile = 64;  // tokens, 16 a warp
inline constexpr unsigned kGqaHeads = 16;
inline constexpr unsigned kGqaStages = 3;

template <class Format>
struct GqaShared {
  struct Stage {
    unsigned char keys[kGqaTile * Format::kPaddedRow];
    unsigned char values[kGqaTile * Format::kPaddedRow];
  };
  Stage stages[kGqaStages];
  CopyBarrier full[kGqaStages];
};

/// What warps leave behind at the end, in the memory of the stages.
struct GqaMerge {
  float sums[kGqaWarps][kGqaHeads][kHeadSize];
  float largest[kGqaWarps][kGqaHeads];
  float sum[kGqaWarps][kGqaHeads];
};

/// One warp brings a tile into a stage: a bulk copy a row, so that rows can be padded.
template <class Format>
HELIXSIM_DEVICE void gqa_bring_tile(const GqaDecode<Format>& p, GqaShared<Format>& shared,
                                    unsigned stage, int first, int end) {
  const int count = end - first < kGqaTile ? end - first : kGqaTile;
  if (lane_index() == 0)
    arrive_expecting(shared.full[stage], static_cast<unsigned>(count) * 2 * Format::kRowBytes);
  warp_barrier();
  for (int row = static_cast<int>(lane_index()); row < count;
       row += static_cast<int>(kWarpThreads)) {
    const PagedToken at =
        paged_token(p.pages, p.pages_per_request, p.page_tokens, block_z(), first + row);
    const std::size_t from =
        ((at.page * grid_y() + block_y()) * static_cast<std::size_t>(p.page_tokens) + at.inside) *
        kHeadSize;
    bulk_copy(shared.stages[stage].keys + row * static_cast<int>(Format::kPaddedRow), p.keys + from,
              Format::kRowBytes, shared.full[stage]);
    bulk_copy(shared.stages[stage].values + row * static_cast<int>(Format::kPaddedRow),
              p.values + from, Format::kRowBytes, shared.full[stage]);
  }
}

/// The queries of a KV head as A operands; rows beyond the group are 0.
template <class Format>
HELIXSIM_DEVICE void gqa_load_queries(const GqaDecode<Format>& p,
                                      std::uint32_t (&queries)[kHeadSize / 16][4]) {
  const Bf16* q = p.q + (std::size_t{block_z()} * grid_y() + block_y()) * p.group * kHeadSize;
  HELIXSIM_UNROLL
  for (unsigned step = 0; step < kHeadSize / 16; ++step) {
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned row = lane_index() / 4 + i % 2 * 8;
      const unsigned column = Format::query_column(step, i / 2);
      queries[step][i] = row < p.group
                             ? *reinterpret_cast<const std::uint32_t*>(q + row * kHeadSize + column)
                             : 0u;
    }
  }
}

/// A warp's running attention over its 16 tokens of every tile: rows lane / 4 and that + 8.
struct GqaState {
  float out[kHeadSize / 8][4] = {};
  Softmax<float> rows[2];
};

/// Scores of 16 tokens, of which `valid` count; the others become -inf.
template <class Format>
HELIXSIM_DEVICE void gqa_scores(const unsigned char* keys, float scale_log2, int valid,
                                const std::uint32_t (&queries)[kHeadSize / 16][4],
                                float (&scores)[2][4]) {
  Format::for_each_key_step(
      keys, [&](unsigned step, const std::uint32_t(&low)[2], const std::uint32_t(&high)[2]) {
        multiply_add(scores[0], queries[step], low);
        multiply_add(scores[1], queries[step], high);
      });
  HELIXSIM_UNROLL
  for (unsigned half = 0; half < 2; ++half) {
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
      const int token = static_cast<int>(half * 8 + lane_index() % 4 * 2 + i % 2);
      scores[half][i] = token < valid ? scores[half][i] * scale_log2 : -INFINITY;
    }
  }
}

/// Takes scores into the softmax and turns them into probabilities relative to its largest.
HELIXSIM_DEVICE void gqa_softmax(GqaState& state, float (&scores)[2][4]) {
  HELIXSIM_UNROLL
  for (unsigned row = 0; row < 2; ++row) {
    float largest = state.rows[row].largest;
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
      const float score = scores[i / 2][row * 2 + i % 2];
      largest = score > largest ? score : largest;
    }
    for (unsigned mask = 1; mask < 4; mask *= 2) {  // lanes of the row
      const float other = shuffle_xor(largest, mask);
      largest = other > largest ? other : largest;
    }
    const float rescale =
        largest == -INFINITY ? 0.0f : fast_exp2(state.rows[row].largest - largest);
    float sum = 0.0f;
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
      float& score = scores[i / 2][row * 2 + i % 2];
      score = largest == -INFINITY ? 0.0f : fast_exp2(score - largest);
      sum += score;
    }
    state.rows[row] = {largest, state.rows[row].sum * rescale + sum};
    HELIXSIM_UNROLL
    for (auto& tile : state.out) {
      tile[row * 2] *= rescale;
      tile[row * 2 + 1] *= rescale;
    }
  }
}

/// 16 tokens of a stage.
template <class Format>
HELIXSIM_DEVICE void gqa_attend(const GqaDecode<Format>& p,
                                const typename GqaShared<Format>::Stage& stage, int valid,
                                const std::uint32_t (&queries)[kHeadSize / 16][4],
                                GqaState& state) {
  const unsigned first = warp_index() * 16;
  float scores[2][4] = {};
  gqa_scores<Format>(stage.keys + first * Format::kPaddedRow, p.scale_log2,
                     valid - static_cast<int>(first), queries, scores);
  gqa_softmax(state, scores);
  const std::uint32_t probabilities[4] = {
      pack_bf16(scores[0][0], scores[0][1]), pack_bf16(scores[0][2], scores[0][3]),
      pack_bf16(scores[1][0], scores[1][1]), pack_bf16(scores[1][2], scores[1][3])};
  Format::for_each_value_tile(stage.values + first * Format::kPaddedRow,
                              [&](unsigned tile, const std::uint32_t(&words)[2]) {
                                multiply_add(state.out[tile], probabilities, words);
                              });
}

/// Values of rows that no token fills: 0, for 0 times NaN is not 0.
template <class Format>
HELIXSIM_DEVICE void gqa_clear_tail(typename GqaShared<Format>::Stage& stage, int valid) {
  constexpr unsigned kWords = Format::kPaddedRow / 4;
  auto* words = reinterpret_cast<std::uint32_t*>(stage.values);
  for (unsigned i = static_cast<unsigned>(valid) * kWords + thread_index(); i < kGqaTile * kWords;
       i += kGqaThreads)
    words[i] = 0u;
}

/// Sums of the warps of a block to one partial output.
template <class Format>
HELIXSIM_DEVICE void gqa_merge_warps(const GqaDecode<Format>& p, GqaMerge& merge,
                                     const GqaState& state) {
  const unsigned lane = lane_index();
  const unsigned warp = warp_index();
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned head = lane / 4 + i / 2 * 8;
    HELIXSIM_UNROLL
    for (unsigned tile = 0; tile < kHeadSize / 8; ++tile)
      merge.sums[warp][head][Format::output_column(tile, lane % 4 * 2 + i % 2)] =
          state.out[tile][i];
  }
  HELIXSIM_UNROLL
  for (unsigned row = 0; row < 2; ++row) {
    float sum = state.rows[row].sum;
    for (unsigned mask = 1; mask < 4; mask *= 2) sum += shuffle_xor(sum, mask);
    if (lane % 4 != 0) continue;
    merge.largest[warp][lane / 4 + row * 8] = state.rows[row].largest;
    merge.sum[warp][lane / 4 + row * 8] = sum;
  }
  block_barrier();
  const std::size_t of_split = std::size_t{block_x()} * grid_z() * grid_y();
  const std::size_t rows = (of_split + std::size_t{block_z()} * grid_y() + block_y()) * p.group;
  const unsigned column = thread_index();  // kGqaThreads is kHeadSize
  for (unsigned head = 0; head < p.group; ++head) {
    float largest = -INFINITY;
    for (unsigned w = 0; w < kGqaWarps; ++w)
      largest = merge.largest[w][head] > largest ? merge.largest[w][head] : largest;
    float sum = 0.0f;
    float total = 0.0f;
    for (unsigned w = 0; w < kGqaWarps; ++w) {
      const float weight = weight_of(merge.largest[w][head], largest);
      sum += weight * merge.sum[w][head];
      total += weight * merge.sums[w][head][column];
    }
    p.partial[(rows + head) * kHeadSize + column] = sum > 0.0f ? total / sum : 0.0f;
    if (column == 0) p.lse2[rows + head] = sum > 0.0f ? largest + fast_log2(sum) : -INFINITY;
  }
}

/// Launch: grid (splits, kv_heads, batch), kGqaThreads threads, sizeof(GqaShared<Format>) shared.
template <class Format>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kGqaThreads, 2) gqa_decode(GqaDecode<Format> p) {
  static_assert(kGqaThreads == kHeadSize && sizeof(GqaMerge) <= sizeof(GqaShared<Format>::stages));
  auto& shared = shared_as<GqaShared<Format>>();
  if (thread_index() == 0) {
    for (CopyBarrier& barrier : shared.full) init_barrier(barrier, 1);
    fence_barrier_init();
  }
  block_barrier();
  wait_for_previous_kernel();
  const TokenRange range = split_range(p.lengths[block_z()], kGqaTile, static_cast<int>(block_x()),
                                       static_cast<int>(grid_x()));
  const int tiles = (range.end - range.begin + kGqaTile - 1) / kGqaTile;
  if (warp_index() == 0) {
    for (unsigned s = 0; s < kGqaStages && static_cast<int>(s) < tiles; ++s)
      gqa_bring_tile(p, shared, s, range.begin + static_cast<int>(s) * kGqaTile, range.end);
  }
  std::uint32_t queries[kHeadSize / 16][4];
  gqa_load_queries(p, queries);
  GqaState state;
  for (int tile = 0; tile < tiles; ++tile) {
    const unsigned stage = static_cast<unsigned>(tile) % kGqaStages;
    const int first = range.begin + tile * kGqaTile;
    const int valid = range.end - first;
    wait(shared.full[stage], static_cast<unsigned>(tile) / kGqaStages % 2);
    if (valid < kGqaTile) {
      gqa_clear_tail<Format>(shared.stages[stage], valid);
      block_barrier();
    }
    gqa_attend(p, shared.stages[stage], valid, queries, state);
    block_barrier();  // all have read the stage
    const int next = first + static_cast<int>(kGqaStages) * kGqaTile;
    if (warp_index() == 0 && next < range.end) {
      fence_bulk_copies();
      gqa_bring_tile(p, shared, stage, next, range.end);
    }
  }
  release_next_kernel();
  gqa_merge_warps(p, reinterpret_cast<GqaMerge&>(shared.stages), state);
}

}  // namespace helixsim::kernels
