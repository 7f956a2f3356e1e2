#pragma once

#include "tools/calibrate/kernels/arithmetic/softmax.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"
#include "tools/calibrate/kernels/warp_reduce.hpp"

namespace helixsim::kernels {

/// Merge of partial outputs by their LSEs: over splits of one GPU, or over the KVP ranks that Helix
/// has received them from. A row is a (request, head).
///
/// Shapes: partial [parts, rows, width], lse2 [parts, rows], out [rows, width], out_lse2 [rows].
///         Rows are [request, head]; the outputs are [peer, request, head of the peer] where
///         heads_each says how many heads a peer of Helix's all-to-all has.
/// Model:  out = sum over parts of partial * exp2(lse2 - merged lse2); parts are any order, any may
///         be empty (lse2 = -inf, whatever finite numbers its output holds).
/// Needs:  width a multiple of 128, at most 512; at most 64 parts; heads in whole heads_each.
/// Source: Helix, section 2.1.
template <class In, class Out>
struct Combine {
  const In* partial = nullptr;
  const float* lse2 = nullptr;
  Out* out = nullptr;
  float* out_lse2 = nullptr;  ///< null: not wanted
  unsigned parts = 1;
  unsigned rows = 0;
  unsigned width = 128;
  unsigned heads = 0;       ///< of a request
  unsigned heads_each = 0;  ///< 0: outputs stand as rows do

  /// Where the merged row stands.
  [[nodiscard]] HELIXSIM_DEVICE unsigned place_of(unsigned row) const {
    if (heads_each == 0) return row;
    const unsigned request = row / heads;
    const unsigned head = row % heads;
    const unsigned requests = rows / heads;
    return (head / heads_each * requests + request) * heads_each + head % heads_each;
  }
};

inline constexpr unsigned kCombineThreads = 128;  // a warp a row
inline constexpr unsigned kCombineMostParts = 64;

/// Merges one row with one warp.
template <class In, class Out>
HELIXSIM_DEVICE void combine_row(const Combine<In, Out>& p, unsigned row) {
  const unsigned lane = lane_index();
  float mine[2];  // LSEs of parts lane and lane + 32
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned part = lane + i * kWarpThreads;
    mine[i] = part < p.parts ? p.lse2[std::size_t{part} * p.rows + row] : -INFINITY;
  }
  const float largest = warp_max(mine[0] > mine[1] ? mine[0] : mine[1]);
  const float sum = warp_sum(weight_of(mine[0], largest) + weight_of(mine[1], largest));
  const float scale = sum > 0.0f ? 1.0f / sum : 0.0f;
  const unsigned place = p.place_of(row);
  for (unsigned column = lane * 4; column < p.width; column += kWarpThreads * 4) {
    float total[4] = {};
    for (unsigned part = 0; part < p.parts; ++part) {
      const float lse2 = shuffle(part < kWarpThreads ? mine[0] : mine[1], part % kWarpThreads);
      const float weight = weight_of(lse2, largest) * scale;
      float values[4];
      load_four(values, p.partial + (std::size_t{part} * p.rows + row) * p.width + column);
      for (unsigned i = 0; i < 4; ++i) total[i] += weight * values[i];
    }
    store_four(p.out + std::size_t{place} * p.width + column, total);
  }
  if (p.out_lse2 != nullptr && lane == 0)
    p.out_lse2[place] = sum > 0.0f ? largest + fast_log2(sum) : -INFINITY;
}

/// Launch: kCombineThreads threads, a block for every four rows.
template <class In, class Out>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kCombineThreads, 8) combine(Combine<In, Out> p) {
  const unsigned row = block_x() * (kCombineThreads / kWarpThreads) + warp_index();
  wait_for_previous_kernel();
  if (row < p.rows) combine_row(p, row);
  release_next_kernel();
}

}  // namespace helixsim::kernels
