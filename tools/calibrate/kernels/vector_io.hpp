#pragma once

#include "tools/calibrate/kernels/device.hpp"

/// Numbers of several formats as floats, by loads and stores of 8 or 16 bytes.
namespace helixsim::kernels {

struct alignas(8) Words2 {
  std::uint32_t x = 0, y = 0;
};
/// The two BF16 numbers of a word.
HELIXSIM_DEVICE float low_of(std::uint32_t pair) {
  return float_of(pair << 16);
}
HELIXSIM_DEVICE float high_of(std::uint32_t pair) {
  return float_of(pair & 0xFFFF0000u);
}

HELIXSIM_DEVICE void load_four(float (&values)[4], const float* from) {
  const Words4 words = load_streaming(reinterpret_cast<const Words4*>(from));
  values[0] = float_of(words.x);
  values[1] = float_of(words.y);
  values[2] = float_of(words.z);
  values[3] = float_of(words.w);
}
HELIXSIM_DEVICE void load_four(float (&values)[4], const Bf16* from) {
  const Words2 words = load_streaming(reinterpret_cast<const Words2*>(from));
  values[0] = low_of(words.x);
  values[1] = high_of(words.x);
  values[2] = low_of(words.y);
  values[3] = high_of(words.y);
}
HELIXSIM_DEVICE void store_four(float* to, const float (&values)[4]) {
  *reinterpret_cast<Words4*>(to) = {bits_of(values[0]), bits_of(values[1]), bits_of(values[2]),
                                    bits_of(values[3])};
}
HELIXSIM_DEVICE void store_four(Bf16* to, const float (&values)[4]) {
  *reinterpret_cast<Words2*>(to) = {pack_bf16(values[0], values[1]),
                                    pack_bf16(values[2], values[3])};
}

HELIXSIM_DEVICE void load_eight(float (&values)[8], const Bf16* from) {
  const Words4 words = *reinterpret_cast<const Words4*>(from);
  const std::uint32_t pairs[4] = {words.x, words.y, words.z, words.w};
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 4; ++i) {
    values[2 * i] = low_of(pairs[i]);
    values[2 * i + 1] = high_of(pairs[i]);
  }
}
HELIXSIM_DEVICE void store_eight(Bf16* to, const float (&values)[8]) {
  *reinterpret_cast<Words4*>(to) = {
      pack_bf16(values[0], values[1]), pack_bf16(values[2], values[3]),
      pack_bf16(values[4], values[5]), pack_bf16(values[6], values[7])};
}

}  // namespace helixsim::kernels
