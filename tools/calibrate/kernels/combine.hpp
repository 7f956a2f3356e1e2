#pragma once

#include "tools/calibrate/kernels/arithmetic/softmax.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/warp_reduce.hpp"

namespace helixsim::kernels {

/// Merge of partial outputs by their LSEs: over splits of one GPU, or over the KVP ranks that Helix
/// has received them from. A row is a (request, head).
///
/// Shapes: partial [parts, rows, width], lse2 [parts, rows], out [rows, width], out_lse2 [rows].
/// Model:  out = sum over parts of partial * exp2(lse2 - merged lse2); parts are any order, of
/// which
///         any may be empty (lse2 = -inf, whatever finite numbers its output holds).
/// Needs:  width a multiple of 128, at most 512; at most 64 parts.
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
};

inline constexpr unsigned kCombineThreads = 128;  // a warp a row
inline constexpr unsigned kCombineMostParts = 64;

HELIXSIM_DEVICE void load_four(float (&values)[4], const float* from) {
  const Words4 words = load_streaming(reinterpret_cast<const Words4*>(from));
  values[0] = float_of(words.x);
  values[1] = float_of(words.y);
  values[2] = float_of(words.z);
  values[3] = float_of(words.w);
}
struct alignas(8) Words2 {
  std::uint32_t x = 0, y = 0;
};
HELIXSIM_DEVICE void load_four(float (&values)[4], const Bf16* from) {
  const Words2 words = load_streaming(reinterpret_cast<const Words2*>(from));
  values[0] = float_of(words.x << 16);
  values[1] = float_of(words.x & 0xFFFF0000u);
  values[2] = float_of(words.y << 16);
  values[3] = float_of(words.y & 0xFFFF0000u);
}
HELIXSIM_DEVICE void store_four(float* to, const float (&values)[4]) {
  *reinterpret_cast<Words4*>(to) = {bits_of(values[0]), bits_of(values[1]), bits_of(values[2]),
                                    bits_of(values[3])};
}
HELIXSIM_DEVICE void store_four(Bf16* to, const float (&values)[4]) {
  *reinterpret_cast<Words2*>(to) = {pack_bf16(values[0], values[1]),
                                    pack_bf16(values[2], values[3])};
}

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
  for (unsigned column = lane * 4; column < p.width; column += kWarpThreads * 4) {
    float total[4] = {};
    for (unsigned part = 0; part < p.parts; ++part) {
      const float lse2 = shuffle(part < kWarpThreads ? mine[0] : mine[1], part % kWarpThreads);
      const float weight = weight_of(lse2, largest) * scale;
      float values[4];
      load_four(values, p.partial + (std::size_t{part} * p.rows + row) * p.width + column);
      for (unsigned i = 0; i < 4; ++i) total[i] += weight * values[i];
    }
    store_four(p.out + std::size_t{row} * p.width + column, total);
  }
  if (p.out_lse2 != nullptr && lane == 0)
    p.out_lse2[row] = sum > 0.0f ? largest + fast_log2(sum) : -INFINITY;
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
