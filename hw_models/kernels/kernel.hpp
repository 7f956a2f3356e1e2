#pragma once

#include <variant>

#include "hw_models/laws/attention_law.hpp"
#include "hw_models/laws/gemm_law.hpp"
#include "hw_models/laws/grouped_gemm_law.hpp"
#include "sim/units/precision.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

enum class KernelKind { Gemm, GroupedGemm, Attention, Elementwise };

/// Sizes of a kernel, for laws that need more than bytes and flops.
using KernelShape = std::variant<std::monostate, GemmShape, AttentionShape, GroupedGemmShape>;

/// The work of one kernel launch on one GPU: what it reads from HBM and what it computes.
/// Activations, KV append and norms are not counted as HBM traffic (they are thousands of times
/// smaller).
struct KernelWork {
  KernelKind kind = KernelKind::Elementwise;
  MathRate math = MathRate::Bf16;
  Bytes weight_bytes;
  Bytes kv_bytes;
  Flops flops;  ///< two per multiply-add

  Precision format = Precision::Bf16;  ///< of the weights, or of the KV cache
  KernelShape shape{};                 ///< where the kernel has one
  double part = 1.0;  ///< of the kernel of that shape, which libraries launch as one with others
  bool input_ready = false;  ///< activations come in the weights' format, from a fused kernel
  bool included = false;     ///< libraries do it within the kernel before or after

  [[nodiscard]] Bytes hbm_bytes() const { return weight_bytes + kv_bytes; }
  bool operator==(const KernelWork&) const = default;
};

/// The same launch with nothing to read or compute.
inline KernelWork empty_launch(const KernelWork& work) {
  KernelWork nothing;
  nothing.kind = work.kind;
  nothing.math = work.math;
  nothing.format = work.format;
  return nothing;
}

/// Attention of a part of the requests; what only other kernels have stays whole.
KernelWork part_of(KernelWork work, double share);

/// Routed experts under another load: active experts and rows, each times its factor.
KernelWork with_load(KernelWork work, double active, double rows);

}  // namespace helixsim
