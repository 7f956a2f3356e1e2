#pragma once

#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/row_output.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"
#include "tools/calibrate/kernels/warp_reduce.hpp"

namespace helixsim::kernels {

/// RMSNorm of rows, with the residual added first where there is one, and quantised where `Rows`
/// does that.
///
/// Shapes: x, residual [tokens, hidden], x with a stride; weight [hidden]; rows [tokens, hidden].
/// Model:  r = x + residual, written back to residual in BF16; out = r weight / sqrt(mean(r^2) +
///         epsilon), from r before that rounding.
/// Needs:  hidden a multiple of 128, at most 16,384.
/// Limit:  latency: a block a token, each thread holds its part of the row in registers.
template <class Rows>
struct RmsNorm {
  const Bf16* x = nullptr;
  Bf16* residual = nullptr;  ///< null: none
  const Bf16* weight = nullptr;
  Rows rows;
  unsigned hidden = 0;
  unsigned x_stride = 0;  ///< numbers between rows of x; 0: hidden
  float epsilon = 1e-6f;
};

inline constexpr unsigned kNormThreads = 256;
inline constexpr unsigned kNormMostEights = 8;  ///< of a thread
inline constexpr unsigned kNormMostHidden = kNormThreads * kNormMostEights * 8;

struct NormShared {
  float sums[kNormThreads / kWarpThreads];
};

/// Sum over the block, the same in each thread.
HELIXSIM_DEVICE float norm_block_sum(NormShared& shared, float value) {
  const float of_warp = warp_sum(value);
  if (lane_index() == 0) shared.sums[warp_index()] = of_warp;
  block_barrier();
  float sum = 0.0f;
  for (const float one : shared.sums) sum += one;
  return sum;
}

/// Launch: a block a token, kNormThreads threads, sizeof(NormShared) shared.
template <class Rows>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kNormThreads, 2) rms_norm(RmsNorm<Rows> p) {
  wait_for_previous_kernel();
  const std::size_t row = std::size_t{block_x()} * p.hidden;
  const Bf16* x = p.x + std::size_t{block_x()} * (p.x_stride != 0 ? p.x_stride : p.hidden);
  float kept[kNormMostEights][8];
  float squares = 0.0f;
  HELIXSIM_UNROLL
  for (unsigned e = 0; e < kNormMostEights; ++e) {
    const unsigned column = (e * kNormThreads + thread_index()) * 8;
    HELIXSIM_UNROLL
    for (float& value : kept[e]) value = 0.0f;
    if (column >= p.hidden) continue;
    load_eight(kept[e], x + column);
    if (p.residual != nullptr) {
      float other[8];
      load_eight(other, p.residual + row + column);
      HELIXSIM_UNROLL
      for (unsigned i = 0; i < 8; ++i) kept[e][i] += other[i];
      store_eight(p.residual + row + column, kept[e]);
    }
    HELIXSIM_UNROLL
    for (const float value : kept[e]) squares += value * value;
  }
  const float sum = norm_block_sum(shared_as<NormShared>(), squares);
  const float scale = fast_rsqrt(sum / static_cast<float>(p.hidden) + p.epsilon);
  HELIXSIM_UNROLL
  for (unsigned e = 0; e < kNormMostEights; ++e) {
    const unsigned column = (e * kNormThreads + thread_index()) * 8;
    const bool valid = column < p.hidden;
    if (e * kNormThreads * 8 >= p.hidden) break;  // for the whole block
    float weight[8] = {};
    if (valid) load_eight(weight, p.weight + column);
    float out[8];
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 8; ++i) out[i] = kept[e][i] * scale * weight[i];
    p.rows.write(row + column, out, valid);
  }
  release_next_kernel();
}

}  // namespace helixsim::kernels
