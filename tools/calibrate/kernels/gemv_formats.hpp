#pragma once

#include "tools/calibrate/kernels/device.hpp"

/// How 16 bytes of weights become A operands of mma m16n8k16, and where the same columns of x lie.
/// Four lanes of a row take 64 neighbouring bytes; which columns meet in one instruction is the
/// format's own, for x the same as for the weights.
namespace helixsim::kernels {

struct Bf16Weights {
  using Number = Bf16;
  static constexpr unsigned kPerLoad = 8;   ///< columns of 16 bytes
  static constexpr unsigned kSteps = 2;     ///< instructions that they are good for
  static constexpr unsigned kPadding = 32;  ///< numbers behind a row of x: 64 bytes, for the banks

  /// Words of one row for an instruction: k 0-7 and 8-15.
  static HELIXSIM_DEVICE void operands(const Words4& words, std::uint32_t (&pairs)[kSteps][2]) {
    pairs[0][0] = words.x;
    pairs[0][1] = words.y;
    pairs[1][0] = words.z;
    pairs[1][1] = words.w;
  }
};

struct E4m3Weights {
  using Number = E4m3;
  static constexpr unsigned kPerLoad = 16;
  static constexpr unsigned kSteps = 4;
  static constexpr unsigned kPadding = 8;  ///< 16 bytes

  static HELIXSIM_DEVICE void operands(const Words4& words, std::uint32_t (&pairs)[kSteps][2]) {
    const std::uint32_t fours[4] = {words.x, words.y, words.z, words.w};
    HELIXSIM_UNROLL
    for (unsigned step = 0; step < kSteps; ++step) {
      pairs[step][0] = bf16_of_e4m3(static_cast<std::uint16_t>(fours[step] & 0xFFFFu));
      pairs[step][1] = bf16_of_e4m3(static_cast<std::uint16_t>(fours[step] >> 16));
    }
  }
};

/// Adds 16 rows of weights times up to 8 tokens of x over 4 Format::kPerLoad columns to c: rows
/// lane / 4 and that + 8, tokens lane % 4 * 2 and the next. `x` is this lane's first column of the
/// row of token lane / 4 in shared memory.
template <class Format>
HELIXSIM_DEVICE void multiply_rows(float (&c)[4], const std::uint32_t (&low)[Format::kSteps][2],
                                   const std::uint32_t (&high)[Format::kSteps][2], const Bf16* x) {
  HELIXSIM_UNROLL
  for (unsigned half = 0; half < Format::kPerLoad / 8; ++half) {
    const Words4 words = *reinterpret_cast<const Words4*>(x + half * 8);
    const std::uint32_t pairs[2][2] = {{words.x, words.y}, {words.z, words.w}};
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 2; ++i) {
      const unsigned step = half * 2 + i;
      const std::uint32_t a[4] = {low[step][0], high[step][0], low[step][1], high[step][1]};
      multiply_add(c, a, pairs[i]);
    }
  }
}

}  // namespace helixsim::kernels
