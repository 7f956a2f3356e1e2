#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tools/calibrate/kernels/arithmetic/formats.hpp"
#include "tools/calibrate/runner/device_memory.hpp"

namespace helixsim {

/// Two E2M1, the first in the lower half.
struct PackedE2m1 {
  std::uint8_t bits = 0;
};

/// Fills an array with about normal numbers times `scale`, by counter and seed: never zeros, which
/// a tensor core multiplies faster.
void fill_normal(kernels::Bf16* data, std::size_t count, std::uint64_t seed, float scale);
void fill_normal(kernels::E4m3* data, std::size_t count, std::uint64_t seed, float scale);
void fill_normal(PackedE2m1* data, std::size_t count, std::uint64_t seed, float scale);
void fill_normal(float* data, std::size_t count, std::uint64_t seed, float scale);

template <class T>
DeviceArray<T> normal_array(std::size_t count, std::uint64_t seed, float scale = 1.0f) {
  DeviceArray<T> array(count);
  fill_normal(array.data(), count, seed, scale);
  return array;
}

}  // namespace helixsim
