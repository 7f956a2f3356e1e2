#pragma once

#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

namespace helixsim::kernels {

/// What the experts of a token came to: out[token] = shared[token] + sum over its pairs of weight *
/// y[slot], FP32, in the order of the pairs; pairs of other ranks are left out.
///
/// Shapes: y [slots, n]; slot_of, weight_of [tokens, pairs_per_token], -1 for another rank's;
///         shared, of the shared expert, and out [tokens, n].
/// Needs:  n a multiple of 8.
/// Limit:  latency; beyond some hundred tokens HBM or L2: 2 n (slots + tokens) bytes.
struct Finalise {
  const Bf16* y = nullptr;
  const int* slot_of = nullptr;
  const float* weight_of = nullptr;
  const Bf16* shared = nullptr;  ///< null: none
  Bf16* out = nullptr;
  unsigned pairs_per_token = 8;
  unsigned n = 0;
};

inline constexpr unsigned kFinaliseThreads = 128;
inline constexpr unsigned kFinaliseColumns = kFinaliseThreads * 8;  ///< of a block
inline constexpr unsigned kFinaliseAtOnce = 8;                      ///< rows of y in flight

/// Adds the pairs from `first` on, at most kFinaliseAtOnce.
HELIXSIM_DEVICE void finalise_add(const Finalise& p, unsigned first, unsigned column,
                                  float (&total)[8]) {
  const std::size_t of_token = std::size_t{block_y()} * p.pairs_per_token;
  int slots[kFinaliseAtOnce];
  float weights[kFinaliseAtOnce];
  float values[kFinaliseAtOnce][8];
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kFinaliseAtOnce; ++i) {
    const bool exists = first + i < p.pairs_per_token;
    slots[i] = exists ? p.slot_of[of_token + first + i] : -1;
    weights[i] = exists ? p.weight_of[of_token + first + i] : 0.0f;
  }
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kFinaliseAtOnce; ++i) {
    if (slots[i] >= 0)
      load_eight(values[i], p.y + static_cast<std::size_t>(slots[i]) * p.n + column);
  }
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < kFinaliseAtOnce; ++i) {
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 8; ++j)
      total[j] = slots[i] >= 0 ? fmaf(weights[i], values[i][j], total[j]) : total[j];
  }
}

/// Launch: grid (n / kFinaliseColumns rounded up, tokens), kFinaliseThreads threads.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kFinaliseThreads, 4) finalise(Finalise p) {
  wait_for_previous_kernel();
  release_next_kernel();
  const unsigned column = block_x() * kFinaliseColumns + thread_index() * 8;
  if (column >= p.n) return;
  float total[8] = {};
  if (p.shared != nullptr) load_eight(total, p.shared + std::size_t{block_y()} * p.n + column);
  for (unsigned first = 0; first < p.pairs_per_token; first += kFinaliseAtOnce)
    finalise_add(p, first, column, total);
  store_eight(p.out + std::size_t{block_y()} * p.n + column, total);
}

}  // namespace helixsim::kernels
