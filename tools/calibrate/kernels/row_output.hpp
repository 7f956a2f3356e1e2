#pragma once

#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

/// How kernels of rows write what they have worked out: as it is, or quantised on the way.
///
/// Each is asked by all lanes of a warp for eight neighbouring numbers a lane, at multiples of
/// eight from `first`, the number's place in the array; `valid` lanes write. Neighbouring lanes
/// have neighbouring eights.
namespace helixsim::kernels {

struct RowsBf16 {
  Bf16* out = nullptr;

  HELIXSIM_DEVICE void write(std::size_t first, const float (&values)[8], bool valid) const {
    if (valid) store_eight(out + first, values);
  }
};

HELIXSIM_DEVICE Words2 packed_e4m3(const float (&values)[8], float inverse_scale) {
  std::uint32_t halves[4];
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 4; ++i)
    halves[i] = pack_e4m3(values[2 * i] * inverse_scale, values[2 * i + 1] * inverse_scale);
  return {halves[0] | halves[1] << 16, halves[2] | halves[3] << 16};
}

/// The largest magnitude over the eights of `lanes` neighbouring lanes, a power of two of them.
HELIXSIM_DEVICE float largest_over_lanes(const float (&values)[8], unsigned lanes) {
  float largest = 0.0f;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 8; ++i) {
    const float magnitude = values[i] < 0.0f ? -values[i] : values[i];
    largest = magnitude > largest ? magnitude : largest;
  }
  for (unsigned mask = 1; mask < lanes; mask *= 2) {
    const float other = shuffle_xor(largest, mask);
    largest = other > largest ? other : largest;
  }
  return largest;
}

/// E4M3 with one scale for all, which is given: out = value / scale.
struct RowsE4m3Tensor {
  E4m3* out = nullptr;
  float inverse_scale = 1.0f;

  HELIXSIM_DEVICE void write(std::size_t first, const float (&values)[8], bool valid) const {
    const Words2 words = packed_e4m3(values, inverse_scale);
    if (valid) *reinterpret_cast<Words2*>(out + first) = words;
  }
};

/// E4M3 with an FP32 scale for each 128 numbers: the largest of them over 448, 1 where all are 0.
/// Source: DeepSeek-V3, fine-grained quantisation of activations.
struct RowsE4m3Blocks {
  static constexpr unsigned kBlock = 128;
  E4m3* out = nullptr;
  float* scales = nullptr;  ///< [numbers / 128]

  HELIXSIM_DEVICE void write(std::size_t first, const float (&values)[8], bool valid) const {
    const float largest = largest_over_lanes(values, kBlock / 8);
    const float scale = largest > 0.0f ? largest / kMostE4m3 : 1.0f;
    const Words2 words = packed_e4m3(values, 1.0f / scale);
    if (!valid) return;
    *reinterpret_cast<Words2*>(out + first) = words;
    if (first % kBlock == 0) scales[first / kBlock] = scale;
  }
};

/// NVFP4: E2M1, two a byte, the first in the lower half; for each 16 numbers a scale in E4M3, times
/// one FP32 scale for all, which is given.
/// Source: NVIDIA, NVFP4 format; the library's swizzle of scales is left out: rows of scales.
struct RowsNvfp4 {
  static constexpr unsigned kBlock = 16;
  std::uint32_t* out = nullptr;  ///< [numbers / 8]
  E4m3* scales = nullptr;        ///< [numbers / 16]
  float inverse_scale = 1.0f;    ///< of the tensor

  HELIXSIM_DEVICE void write(std::size_t first, const float (&values)[8], bool valid) const {
    const float largest = largest_over_lanes(values, kBlock / 8) * inverse_scale;
    const E4m3 scale = to_e4m3(largest / kMostE2m1);
    const float of_block = to_float(scale);
    const float inverse = of_block > 0.0f ? inverse_scale / of_block : 0.0f;
    std::uint32_t word = 0;
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 8; ++i)
      word |= static_cast<std::uint32_t>(to_e2m1(values[i] * inverse).bits) << (4 * i);
    if (!valid) return;
    out[first / 8] = word;
    if (first % kBlock == 0) scales[first / kBlock] = scale;
  }
};

}  // namespace helixsim::kernels
