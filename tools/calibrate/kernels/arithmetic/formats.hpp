#pragma once

#include <cstdint>
#include <cstring>

#include "tools/calibrate/kernels/host_device.hpp"

namespace helixsim::kernels {

HELIXSIM_HOST_DEVICE std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}
HELIXSIM_HOST_DEVICE float float_of(std::uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

/// A float's upper half: 8 bits of exponent, 7 of fraction.
struct Bf16 {
  std::uint16_t bits = 0;
};
HELIXSIM_HOST_DEVICE float to_float(Bf16 value) {
  return float_of(static_cast<std::uint32_t>(value.bits) << 16);
}
/// The nearest, ties to even; NaN stays NaN.
HELIXSIM_HOST_DEVICE Bf16 to_bf16(float value) {
  const std::uint32_t bits = bits_of(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return {0x7FFF};
  return {static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16)};
}

/// OCP FP8 E4M3: 4 bits of exponent (bias 7), 3 of fraction, no infinity, NaN 0x7F and 0xFF.
struct E4m3 {
  std::uint8_t bits = 0;
};
inline constexpr float kMostE4m3 = 448.0f;

HELIXSIM_HOST_DEVICE float to_float(E4m3 value) {
  const std::uint32_t sign = (value.bits & 0x80u) << 24;
  const std::uint32_t exponent = value.bits >> 3 & 0xFu;
  const std::uint32_t fraction = value.bits & 0x7u;
  if ((value.bits & 0x7Fu) == 0x7Fu) return float_of(0x7FC00000u);
  if (exponent == 0) {  // steps of 2^-9
    const float magnitude = static_cast<float>(fraction) * 0.001953125f;
    return sign != 0 ? -magnitude : magnitude;
  }
  return float_of(sign | (exponent + 120u) << 23 | fraction << 20);
}
/// The nearest, ties to even; beyond 448 it saturates; NaN stays NaN.
HELIXSIM_HOST_DEVICE E4m3 to_e4m3(float value) {
  const std::uint32_t bits = bits_of(value);
  const auto sign = static_cast<std::uint8_t>(bits >> 24 & 0x80u);
  const float magnitude = float_of(bits & 0x7FFFFFFFu);
  if (!(magnitude <= kMostE4m3)) {
    const bool nan = magnitude != magnitude;
    return {static_cast<std::uint8_t>(sign | (nan ? 0x7Fu : 0x7Eu))};
  }
  if (magnitude < 0.015625f) {  // below 2^-6: steps of 2^-9, rounded by adding 2^23 of them
    const float steps = magnitude * 512.0f + 8388608.0f;
    return {static_cast<std::uint8_t>(sign | (bits_of(steps) & 0xFu))};
  }
  const std::uint32_t magnitude_bits = bits & 0x7FFFFFFFu;
  const std::uint32_t rounded = magnitude_bits + 0x7FFFFu + (magnitude_bits >> 20 & 1u);
  return {static_cast<std::uint8_t>(sign | ((rounded >> 20) - (120u << 3)))};
}

/// OCP FP4 E2M1 in the lower four bits: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and a sign.
struct E2m1 {
  std::uint8_t bits = 0;
};
inline constexpr float kMostE2m1 = 6.0f;

HELIXSIM_HOST_DEVICE float to_float(E2m1 value) {
  const std::uint32_t exponent = value.bits >> 1 & 0x3u;
  const std::uint32_t fraction = value.bits & 0x1u;
  const float magnitude = exponent == 0 ? 0.5f * static_cast<float>(fraction)
                                        : float_of((exponent + 126u) << 23 | fraction << 22);
  return (value.bits & 0x8u) != 0 ? -magnitude : magnitude;
}
/// The nearest, ties to the even pattern; beyond 6 it saturates, NaN too.
HELIXSIM_HOST_DEVICE E2m1 to_e2m1(float value) {
  const std::uint32_t bits = bits_of(value);
  const auto sign = static_cast<std::uint8_t>(bits >> 28 & 0x8u);
  const float magnitude = float_of(bits & 0x7FFFFFFFu);
  // Halfway between neighbours; on a tie the even pattern wins.
  const float halfway[7] = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f};
  std::uint8_t pattern = 0;
  for (std::uint8_t i = 0; i < 7; ++i) {
    const bool above = i % 2 == 0 ? magnitude > halfway[i] : magnitude >= halfway[i];
    pattern = static_cast<std::uint8_t>(pattern + (above || magnitude != magnitude ? 1 : 0));
  }
  return {static_cast<std::uint8_t>(sign | pattern)};
}

}  // namespace helixsim::kernels
