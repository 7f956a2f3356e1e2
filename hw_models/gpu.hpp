#pragma once

#include <string>

#include "hw_models/laws/law_parameter.hpp"
#include "sim/config/node.hpp"
#include "sim/units/precision.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

/// Data sheet of one GPU. Rates are dense (no sparsity) and per direction where they have one.
struct Gpu {
  std::string name;
  Bytes memory_capacity;
  double usable_fraction = 1.0;  ///< of the capacity, left for weights, KV cache and workspace
  BytesPerSecond memory_bandwidth;
  FlopsPerSecond bf16_peak;
  FlopsPerSecond fp8_peak;
  FlopsPerSecond fp4_peak;
  int multiprocessors = 1;
  Bytes l2_capacity;

  [[nodiscard]] Bytes usable_memory() const { return memory_capacity * usable_fraction; }
  [[nodiscard]] FlopsPerSecond peak(MathRate rate) const;
};

/// What laws of kernels must know of the GPU.
LawGpu law_gpu(const Gpu& gpu);

/// Reads `{name, memory: {capacity, usable_fraction, bandwidth, l2}, compute: {bf16, fp8, fp4,
/// multiprocessors}}`, every number as `{"value": .., "source": ..}`. Errors: ConfigError.
Gpu read_gpu(const Node& node);

/// A number of a system file: an object with its value and the source of the value; gives the node
/// that holds "value".
Node sourced(const Node& parent, std::string_view key);

}  // namespace helixsim
