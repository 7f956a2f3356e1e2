#pragma once

#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/gemv_formats.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

namespace helixsim::kernels {

/// GEMM of few tokens with the weights of their experts: out[slot, n] = x[token of slot, k]
/// w[expert, n, k]^T. A warp takes 16 rows of one expert over all of k, weights straight from HBM
/// to registers as in Gemv; x comes through L1, which all warps of an expert share. Experts without
/// tokens are not read.
///
/// Shapes: x [tokens, k] BF16, of slot s row pair_of[s] / pairs_per_token (1 when rows of x are
/// slots
///         already: pair_of null); w [experts, n, k]; offsets [experts + 1]; scales: null; or one
///         an expert; or [experts, n / 128, k / 128] rounded up; out [slots, n] BF16.
/// Needs:  n a multiple of 16; k a multiple of 128.
/// Limit:  HBM: touched experts x n k bytes; beyond 8 kTokenTiles tokens an expert is read again.
template <class Format>
struct GroupedGemm {
  const Bf16* x = nullptr;
  const typename Format::Number* w = nullptr;
  const float* scales = nullptr;
  const int* offsets = nullptr;
  const int* pair_of = nullptr;
  Bf16* out = nullptr;
  unsigned pairs_per_token = 1;
  unsigned n = 0;
  unsigned k = 0;
  bool block_scales = false;
};

inline constexpr unsigned kGroupedWarps = 8;
inline constexpr unsigned kGroupedThreads = kGroupedWarps * kWarpThreads;
inline constexpr unsigned kGroupedRows = 16;
inline constexpr unsigned kGroupedColumns = 128;  ///< that a warp has in flight

/// Weights of two rows over 128 columns.
template <class Format>
struct GroupedWeights {
  static constexpr unsigned kLoads = kGroupedColumns / (4 * Format::kPerLoad);
  Words4 low[kLoads];
  Words4 high[kLoads];

  /// `row` is the lane's first row at column 0, its place within four lanes added.
  HELIXSIM_DEVICE void load(const typename Format::Number* row, unsigned k, unsigned column) {
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < kLoads; ++i) {
      const auto* at = row + column + i * 4 * Format::kPerLoad;
      low[i] = load_streaming(reinterpret_cast<const Words4*>(at));
      high[i] = load_streaming(reinterpret_cast<const Words4*>(at + std::size_t{8} * k));
    }
  }
};

/// Adds 128 columns to sums; `x` are the lane's tokens at this column, null where there is none.
template <class Format, unsigned kTokenTiles>
HELIXSIM_DEVICE void grouped_multiply(const GroupedWeights<Format>& weights,
                                      const Bf16* const (&x)[kTokenTiles], unsigned column,
                                      float scale, float (&sums)[kTokenTiles][4]) {
  float parts[kTokenTiles][4] = {};
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < GroupedWeights<Format>::kLoads; ++i) {
    std::uint32_t low[Format::kSteps][2];
    std::uint32_t high[Format::kSteps][2];
    Format::operands(weights.low[i], low);
    Format::operands(weights.high[i], high);
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < kTokenTiles; ++t) {
      HELIXSIM_UNROLL
      for (unsigned half = 0; half < Format::kPerLoad / 8; ++half) {
        Words4 words = {};
        if (x[t] != nullptr)
          words =
              *reinterpret_cast<const Words4*>(x[t] + column + i * 4 * Format::kPerLoad + half * 8);
        const std::uint32_t pairs[2][2] = {{words.x, words.y}, {words.z, words.w}};
        HELIXSIM_UNROLL
        for (unsigned j = 0; j < 2; ++j) {
          const unsigned step = half * 2 + j;
          const std::uint32_t a[4] = {low[step][0], high[step][0], low[step][1], high[step][1]};
          multiply_add(parts[t], a, pairs[j]);
        }
      }
    }
  }
  HELIXSIM_UNROLL
  for (unsigned t = 0; t < kTokenTiles; ++t) {
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 4; ++j) sums[t][j] += scale * parts[t][j];
  }
}

template <class Format>
HELIXSIM_DEVICE float grouped_scale(const GroupedGemm<Format>& p, unsigned expert, unsigned row,
                                    unsigned column) {
  if (p.scales == nullptr) return 1.0f;
  if (!p.block_scales) return p.scales[expert];
  const unsigned down = (p.n + 127) / 128;
  const unsigned across = (p.k + 127) / 128;
  return p.scales[(std::size_t{expert} * down + row / 128) * across + column / 128];
}

/// Launch: grid (n / 128 rounded up, experts), kGroupedThreads threads.
template <class Format, unsigned kTokenTiles>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kGroupedThreads, kTokenTiles == 1 ? 2 : 1)
    grouped_gemm(GroupedGemm<Format> p) {
  const unsigned expert = block_y();
  const unsigned tile = (block_x() * kGroupedWarps + warp_index()) * kGroupedRows;
  wait_for_previous_kernel();  // which experts have tokens is known only now
  const int begin = p.offsets[expert];
  const int end = p.offsets[expert + 1];
  if (tile >= p.n || begin == end) return;
  const unsigned row = tile + lane_index() / 4;
  const unsigned first = lane_index() % 4 * Format::kPerLoad;
  const auto* weights_row = p.w + (std::size_t{expert} * p.n + row) * p.k + first;
  for (int slot = begin; slot < end; slot += 8 * static_cast<int>(kTokenTiles)) {
    const Bf16* x[kTokenTiles];
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < kTokenTiles; ++t) {
      const int mine = slot + static_cast<int>(t * 8 + lane_index() / 4);
      x[t] = nullptr;
      if (mine >= end) continue;
      const unsigned source = p.pair_of == nullptr
                                  ? static_cast<unsigned>(mine)
                                  : static_cast<unsigned>(p.pair_of[mine]) / p.pairs_per_token;
      x[t] = p.x + std::size_t{source} * p.k + first;
    }
    float sums[kTokenTiles][4] = {};
    GroupedWeights<Format> next;
    next.load(weights_row, p.k, 0);
    for (unsigned column = 0; column < p.k; column += kGroupedColumns) {
      const GroupedWeights<Format> weights = next;
      if (column + kGroupedColumns < p.k) next.load(weights_row, p.k, column + kGroupedColumns);
      grouped_multiply<Format, kTokenTiles>(weights, x, column,
                                            grouped_scale(p, expert, tile, column), sums);
    }
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < kTokenTiles; ++t) {
      HELIXSIM_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        const int to = slot + static_cast<int>(t * 8 + lane_index() % 4 * 2 + j % 2);
        if (to < end)
          p.out[static_cast<std::size_t>(to) * p.n + row + j / 2 * 8] = to_bf16(sums[t][j]);
      }
    }
  }
  release_next_kernel();
}

/// What the experts of a token came to: out[token] = sum over its pairs of weight * y[slot], in the
/// order of the pairs; pairs of other ranks are left out.
/// Shapes: y [slots, n]; slot_of, weights [tokens, pairs_per_token]; out [tokens, n]; n a multiple
/// of 8.
struct Finalise {
  const Bf16* y = nullptr;
  const int* slot_of = nullptr;
  const float* weights = nullptr;
  Bf16* out = nullptr;
  unsigned pairs_per_token = 8;
  unsigned n = 0;
};

inline constexpr unsigned kFinaliseThreads = 256;

/// Launch: grid (n / 2,048 rounded up, tokens), kFinaliseThreads threads.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kFinaliseThreads, 4) finalise(Finalise p) {
  wait_for_previous_kernel();
  const unsigned column = (block_x() * kFinaliseThreads + thread_index()) * 8;
  if (column >= p.n) return;
  float total[8] = {};
  for (unsigned i = 0; i < p.pairs_per_token; ++i) {
    const unsigned pair = block_y() * p.pairs_per_token + i;
    const int slot = p.slot_of[pair];
    if (slot < 0) continue;
    float values[8];
    load_eight(values, p.y + static_cast<std::size_t>(slot) * p.n + column);
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 8; ++j) total[j] += p.weights[pair] * values[j];
  }
  store_eight(p.out + std::size_t{block_y()} * p.n + column, total);
  release_next_kernel();
}

}  // namespace helixsim::kernels
