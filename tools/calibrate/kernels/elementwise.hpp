#pragma once

#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/row_output.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

namespace helixsim::kernels {

inline constexpr unsigned kElementThreads = 256;
inline constexpr unsigned kElementsABlock = kElementThreads * 8;

/// SwiGLU, quantised where `Rows` does that: out = gate / (1 + exp(-gate)) * up.
/// Shapes: gate_up [tokens, 2, width], rows [tokens, width]; width a multiple of 8, of 128 where
/// rows
///         are quantised in blocks.
template <class Rows>
struct Swiglu {
  const Bf16* gate_up = nullptr;
  Rows rows;
  unsigned width = 0;
};

/// BF16 rows to the format of `Rows`. Shapes: x, rows [tokens, width]; width a multiple of 128.
template <class Rows>
struct Quantise {
  const Bf16* x = nullptr;
  Rows rows;
  unsigned width = 0;
};

HELIXSIM_DEVICE float silu(float value) {
  constexpr float kLog2E = 1.4426950408889634f;
  return value / (1.0f + fast_exp2(-kLog2E * value));
}

/// Launch: grid (width / kElementsABlock rounded up, tokens), kElementThreads threads.
template <class Rows>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kElementThreads, 4) swiglu(Swiglu<Rows> p) {
  wait_for_previous_kernel();
  const unsigned column = (block_x() * kElementThreads + thread_index()) * 8;
  const bool valid = column < p.width;
  const std::size_t token = block_y();
  float gate[8] = {};
  float up[8] = {};
  if (valid) {
    load_eight(gate, p.gate_up + 2 * token * p.width + column);
    load_eight(up, p.gate_up + (2 * token + 1) * p.width + column);
  }
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 8; ++i) up[i] *= silu(gate[i]);
  p.rows.write(token * p.width + column, up, valid);
  release_next_kernel();
}

/// Launch: as swiglu.
template <class Rows>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kElementThreads, 4) quantise(Quantise<Rows> p) {
  wait_for_previous_kernel();
  const unsigned column = (block_x() * kElementThreads + thread_index()) * 8;
  const bool valid = column < p.width;
  const std::size_t first = std::size_t{block_y()} * p.width + column;
  float values[8] = {};
  if (valid) load_eight(values, p.x + first);
  p.rows.write(first, values, valid);
  release_next_kernel();
}

}  // namespace helixsim::kernels
