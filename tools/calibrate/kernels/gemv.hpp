#pragma once

#include "tools/calibrate/kernels/arithmetic/gemv_plan.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/gemv_formats.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

namespace helixsim::kernels {

/// Skinny GEMM for 1 to 8 kTokenTiles tokens: out[m, n] = x[m, k] w[n, k]^T, FP32 sums.
///
/// Weights go from HBM straight to registers, 16 bytes a lane and load, 8 loads in flight a lane,
/// and stand on the M side of the tensor core, so that few tokens waste nothing. Splits of k meet
/// in a workspace; the warp that comes last sums them in their order, so that the bits are the same
/// each time.
///
/// Shapes: x [m, k] BF16; w [n, k]; scales: null; or one for all; or [n / 128, k / 128] rounded up,
///         for each 128 x 128 numbers; sums [splits, n, m] and arrived [n / 16 rounded up], which
///         is 0 before and after; out [m, n] BF16. A batch of such, as the absorbed projections of
///         MLA are one a head, is [batch] of w and scales; x and out have strides for it.
/// Needs:  k a multiple of Format::kPerLoad; k_range a multiple of 128; one split for a batch.
/// Limit:  HBM: n k bytes, times the batch.
template <class Format>
struct Gemv {
  const Bf16* x = nullptr;
  const typename Format::Number* w = nullptr;
  const float* scales = nullptr;
  float* sums = nullptr;
  unsigned* arrived = nullptr;
  Bf16* out = nullptr;
  unsigned m = 1;
  unsigned n = 0;
  unsigned k = 0;
  unsigned k_range = 0;
  bool block_scales = false;
  unsigned x_stride = 0;    ///< numbers between tokens; 0: k
  unsigned out_stride = 0;  ///< 0: n
  unsigned x_batch = 0;     ///< numbers between those of a batch
  unsigned out_batch = 0;

  /// Where token `token` of this block's problem begins.
  [[nodiscard]] HELIXSIM_DEVICE const Bf16* x_of(unsigned token) const {
    return x + std::size_t{token} * (x_stride != 0 ? x_stride : k) +
           std::size_t{block_z()} * x_batch;
  }
  [[nodiscard]] HELIXSIM_DEVICE Bf16* out_of(unsigned token) const {
    return out + std::size_t{token} * (out_stride != 0 ? out_stride : n) +
           std::size_t{block_z()} * out_batch;
  }
  /// Row `row` of its weights.
  [[nodiscard]] HELIXSIM_DEVICE const typename Format::Number* w_of(unsigned row) const {
    return w + (std::size_t{block_z()} * n + row) * k;
  }
};

inline constexpr unsigned kGemvWarps = 8;
inline constexpr unsigned kGemvThreads = kGemvWarps * kWarpThreads;
inline constexpr unsigned kGemvRows = 16;
inline constexpr unsigned kScaleBlock = 128;
inline constexpr int kGemvMostRange = 4096;  ///< with one tile of 8 tokens; half of it with two

/// Columns that a warp takes with one load a lane, and loads that it has in flight for each row.
template <class Format>
inline constexpr unsigned kGemvColumns = 4 * Format::kPerLoad;
template <class Format>
inline constexpr unsigned kGemvAtOnce = kScaleBlock / kGemvColumns<Format>;

/// Numbers between rows of x in shared memory.
template <class Format>
HELIXSIM_HOST_DEVICE unsigned gemv_x_stride(unsigned k_range) {
  return k_range + Format::kPadding;
}
template <class Format>
HELIXSIM_HOST_DEVICE std::size_t gemv_shared_bytes(unsigned k_range, unsigned token_tiles) {
  return std::size_t{token_tiles} * 8 * gemv_x_stride<Format>(k_range) * sizeof(Bf16);
}

/// Weights of two rows, lane / 4 and that + 8 of a tile, over 128 columns.
template <class Format>
struct GemvWeights {
  Words4 low[kGemvAtOnce<Format>];
  Words4 high[kGemvAtOnce<Format>];
};

template <class Format>
HELIXSIM_DEVICE void gemv_load(const Gemv<Format>& p, unsigned tile, unsigned column,
                               GemvWeights<Format>& weights) {
  const unsigned row = tile * kGemvRows + lane_index() / 4;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kGemvAtOnce<Format>; ++i) {
    const unsigned at = column + i * kGemvColumns<Format> + lane_index() % 4 * Format::kPerLoad;
    weights.low[i] = {};
    weights.high[i] = {};
    if (at >= p.k) continue;
    if (row < p.n)
      weights.low[i] = load_streaming(reinterpret_cast<const Words4*>(p.w_of(row) + at));
    if (row + 8 < p.n)
      weights.high[i] = load_streaming(reinterpret_cast<const Words4*>(p.w_of(row + 8) + at));
  }
}

/// x of this block's columns for all tokens, 0 beyond m and k.
template <class Format, unsigned kTokenTiles>
HELIXSIM_DEVICE void gemv_stage_x(const Gemv<Format>& p, Bf16* staged, unsigned first) {
  const unsigned eights = p.k_range / 8;
  for (unsigned i = thread_index(); i < kTokenTiles * 8 * eights; i += kGemvThreads) {
    const unsigned token = i / eights;
    const unsigned column = i % eights * 8;
    Words4 words = {};
    if (token < p.m && first + column < p.k)
      words = *reinterpret_cast<const Words4*>(p.x_of(token) + first + column);
    *reinterpret_cast<Words4*>(staged + token * gemv_x_stride<Format>(p.k_range) + column) = words;
  }
}

/// Adds 128 columns of a tile to the sums of all tokens.
template <class Format, unsigned kTokenTiles>
HELIXSIM_DEVICE void gemv_multiply(const Gemv<Format>& p, const GemvWeights<Format>& weights,
                                   const Bf16* x, float scale, float (&sums)[kTokenTiles][4]) {
  float parts[kTokenTiles][4] = {};
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kGemvAtOnce<Format>; ++i) {
    std::uint32_t low[Format::kSteps][2];
    std::uint32_t high[Format::kSteps][2];
    Format::operands(weights.low[i], low);
    Format::operands(weights.high[i], high);
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < kTokenTiles; ++t)
      multiply_rows<Format>(
          parts[t], low, high,
          x + t * 8 * gemv_x_stride<Format>(p.k_range) + i * kGemvColumns<Format>);
  }
  HELIXSIM_UNROLL
  for (unsigned t = 0; t < kTokenTiles; ++t) {
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 4; ++j) sums[t][j] += scale * parts[t][j];
  }
}

/// Scale of 128 columns of a tile. A tile lies within one block of 128 rows.
template <class Format>
HELIXSIM_DEVICE float gemv_scale(const Gemv<Format>& p, unsigned tile, unsigned column) {
  if (p.scales == nullptr) return 1.0f;
  if (!p.block_scales) return *p.scales;
  const unsigned across = (p.k + kScaleBlock - 1) / kScaleBlock;
  const unsigned down = (p.n + kScaleBlock - 1) / kScaleBlock;
  return p.scales[(std::size_t{block_z()} * down + tile * kGemvRows / kScaleBlock) * across +
                  column / kScaleBlock];
}

/// `use(row, token, t, j)` for a lane's sums [t][j] of a tile, those that exist.
template <class Format, unsigned kTokenTiles, class Use>
HELIXSIM_DEVICE void gemv_for_each(const Gemv<Format>& p, unsigned tile, Use&& use) {
  HELIXSIM_UNROLL
  for (unsigned t = 0; t < kTokenTiles; ++t) {
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 4; ++j) {
      const unsigned row = tile * kGemvRows + lane_index() / 4 + j / 2 * 8;
      const unsigned token = t * 8 + lane_index() % 4 * 2 + j % 2;
      if (row < p.n && token < p.m) use(row, token, t, j);
    }
  }
}

/// Hands a tile's sums over: to the output, or to those of other splits.
template <class Format, unsigned kTokenTiles>
HELIXSIM_DEVICE void gemv_finish(const Gemv<Format>& p, unsigned tile,
                                 const float (&sums)[kTokenTiles][4]) {
  const auto out = [&](unsigned row, unsigned token) -> Bf16& { return p.out_of(token)[row]; };
  const unsigned splits = grid_y();
  if (splits == 1) {
    gemv_for_each<Format, kTokenTiles>(p, tile,
                                       [&](unsigned row, unsigned token, unsigned t, unsigned j) {
                                         out(row, token) = to_bf16(sums[t][j]);
                                       });
    return;
  }
  const auto place = [&](unsigned split, unsigned row, unsigned token) {
    return (std::size_t{split} * p.n + row) * p.m + token;
  };
  gemv_for_each<Format, kTokenTiles>(p, tile,
                                     [&](unsigned row, unsigned token, unsigned t, unsigned j) {
                                       p.sums[place(block_y(), row, token)] = sums[t][j];
                                     });
  fence_device();
  warp_barrier();
  unsigned before = 0;
  if (lane_index() == 0) before = atomic_add(p.arrived + tile, 1);
  if (shuffle(before, 0) != splits - 1) return;
  fence_device();
  gemv_for_each<Format, kTokenTiles>(p, tile,
                                     [&](unsigned row, unsigned token, unsigned, unsigned) {
                                       float sum = 0.0f;
                                       for (unsigned split = 0; split < splits; ++split)
                                         sum += load_uncached(p.sums + place(split, row, token));
                                       out(row, token) = to_bf16(sum);
                                     });
  if (lane_index() == 0) p.arrived[tile] = 0;
}

/// Launch: grid (groups, splits, batch) and k_range of gemv_plan(n, k, 128, range, kGemvWarps,
/// slots) with range = kGemvMostRange / kTokenTiles, or for a batch of batched_gemv_plan;
/// kGemvThreads threads, gemv_shared_bytes<Format> shared.
template <class Format, unsigned kTokenTiles>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kGemvThreads, 2) gemv(Gemv<Format> p) {
  const unsigned tiles = (p.n + kGemvRows - 1) / kGemvRows;
  const unsigned step = grid_x() * kGemvWarps;
  const unsigned first = block_y() * p.k_range;
  const unsigned end = first + p.k_range < p.k ? first + p.k_range : p.k;
  unsigned tile = block_x() * kGemvWarps + warp_index();
  GemvWeights<Format> next;
  if (tile < tiles) gemv_load(p, tile, first, next);  // weights are there before x is
  wait_for_previous_kernel();
  Bf16* staged = &shared_as<Bf16>();
  gemv_stage_x<Format, kTokenTiles>(p, staged, first);
  block_barrier();
  const Bf16* x = staged + lane_index() / 4 * gemv_x_stride<Format>(p.k_range) +
                  lane_index() % 4 * Format::kPerLoad;
  for (; tile < tiles; tile += step) {
    float sums[kTokenTiles][4] = {};
    for (unsigned column = first; column < end; column += kScaleBlock) {
      const GemvWeights<Format> weights = next;
      const bool last = column + kScaleBlock >= end;
      if (!last || tile + step < tiles)
        gemv_load(p, last ? tile + step : tile, last ? first : column + kScaleBlock, next);
      gemv_multiply<Format, kTokenTiles>(p, weights, x + (column - first),
                                         gemv_scale(p, tile, column), sums);
    }
    gemv_finish<Format, kTokenTiles>(p, tile, sums);
  }
  release_next_kernel();
}

}  // namespace helixsim::kernels
