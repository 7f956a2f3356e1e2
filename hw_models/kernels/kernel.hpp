#pragma once

#include "sim/units/precision.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

enum class KernelKind { Gemm, GroupedGemm, Attention, Elementwise };

/// The work of one kernel launch on one GPU: what it reads from HBM and what it computes.
/// Activations, KV append and norms are not counted as HBM traffic (they are thousands of times
/// smaller).
struct KernelWork {
  KernelKind kind = KernelKind::Elementwise;
  MathRate math = MathRate::Bf16;
  Bytes weight_bytes;
  Bytes kv_bytes;
  Flops flops;  ///< two per multiply-add

  [[nodiscard]] Bytes hbm_bytes() const { return weight_bytes + kv_bytes; }
};

/// The same launch with nothing to read or compute.
inline KernelWork empty_launch(const KernelWork& work) {
  return {.kind = work.kind, .math = work.math, .weight_bytes = {}, .kv_bytes = {}, .flops = {}};
}

}  // namespace helixsim
