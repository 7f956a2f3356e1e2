#pragma once

#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

/// How a warp takes latents of one format from shared memory into B operands of mma m16n8k16 in
/// BF16: keys have the tokens as columns, values as k. The order of the 16 numbers within a step of
/// the scores, and of the output columns within a warp's 64, is the format's own: queries are
/// stored in it once, and outputs are brought back from it.
namespace helixsim::kernels {

inline constexpr unsigned kMlaWidth = 576;  ///< of a latent: 512 and 64 of RoPE
inline constexpr unsigned kMlaValues = 512;
inline constexpr unsigned kMlaWarps = 8;
inline constexpr unsigned kMlaColumns = kMlaValues / kMlaWarps;  ///< of the output, a warp
inline constexpr unsigned kMlaColumnTiles = kMlaColumns / 8;
inline constexpr unsigned kMlaStep = 16;  ///< numbers of a latent in one instruction
inline constexpr unsigned kMlaSteps = kMlaWidth / kMlaStep;

/// Sums of a warp's columns for 16 heads: rows lane / 4 and that + 8.
using MlaColumnSums = float[kMlaColumnTiles][4];

/// Two floats that move as one.
struct alignas(8) FloatPair {
  float low = 0.0f, high = 0.0f;
};

/// BF16, by ldmatrix; 16 bytes of padding keep the eight rows of a matrix apart in banks.
struct Bf16Latents {
  using Number = Bf16;
  static constexpr unsigned kRowBytes = kMlaWidth * 2;
  static constexpr unsigned kPaddedRow = kRowBytes + 16;

  /// Where pair `pair` of a step's queries is stored, in pairs.
  static HELIXSIM_DEVICE unsigned query_place(unsigned pair) { return pair; }
  /// Keys of tokens 0-7 and 8-15 of `rows`.
  static HELIXSIM_DEVICE void load_keys(const unsigned char* rows, unsigned step,
                                        std::uint32_t (&low)[2], std::uint32_t (&high)[2]) {
    const unsigned lane = lane_index();
    std::uint32_t words[4];
    load_matrices(words, rows + (lane / 16 * 8 + lane % 8) * kPaddedRow + lane / 8 % 2 * 16 +
                             step * kMlaStep * 2);
    low[0] = words[0];
    low[1] = words[1];
    high[0] = words[2];
    high[1] = words[3];
  }
  /// Values of the 16 tokens of `rows`: all tiles of this warp's columns.
  template <class Use>
  static HELIXSIM_DEVICE void for_each_value_tile(const unsigned char* rows, Use&& use) {
    const unsigned lane = lane_index();
    const unsigned char* at = rows + (lane / 8 % 2 * 8 + lane % 8) * kPaddedRow +
                              warp_index() * kMlaColumns * 2 + lane / 16 * 16;
    HELIXSIM_UNROLL
    for (unsigned pair = 0; pair < kMlaColumnTiles / 2; ++pair) {
      std::uint32_t words[4];
      load_matrices_transposed(words, at + pair * 32);
      const std::uint32_t first[2] = {words[0], words[1]};
      const std::uint32_t second[2] = {words[2], words[3]};
      use(2 * pair, first);
      use(2 * pair + 1, second);
    }
  }
  /// This warp's columns of one of a lane's rows, times `scale`.
  static HELIXSIM_DEVICE void store_row(float* to, const MlaColumnSums& sums, unsigned half,
                                        float scale) {
    HELIXSIM_UNROLL
    for (unsigned tile = 0; tile < kMlaColumnTiles; ++tile)
      *reinterpret_cast<FloatPair*>(to + tile * 8 + lane_index() % 4 * 2) = {
          sums[tile][half * 2] * scale, sums[tile][half * 2 + 1] * scale};
  }
};

/// E4M3, all 576, turned into BF16 in registers; a scale of the cache goes into the queries' and
/// the outputs'. A lane's neighbouring bytes are a key's k 2q, 2q + 1, 2q + 8, 2q + 9 (q its place
/// among four lanes), and the same column of a value's eight tiles. Padded rows lie 20 banks apart,
/// which keeps both apart.
struct E4m3Latents {
  using Number = E4m3;
  static constexpr unsigned kRowBytes = kMlaWidth;
  static constexpr unsigned kPaddedRow = kRowBytes + 16;

  static HELIXSIM_DEVICE unsigned query_place(unsigned pair) { return pair % 2 * 4 + pair / 2; }
  static HELIXSIM_DEVICE void load_keys(const unsigned char* rows, unsigned step,
                                        std::uint32_t (&low)[2], std::uint32_t (&high)[2]) {
    const unsigned char* at =
        rows + lane_index() / 4 * kPaddedRow + lane_index() % 4 * 4 + step * kMlaStep;
    widen(*reinterpret_cast<const std::uint32_t*>(at), low);
    widen(*reinterpret_cast<const std::uint32_t*>(at + 8 * kPaddedRow), high);
  }
  template <class Use>
  static HELIXSIM_DEVICE void for_each_value_tile(const unsigned char* rows, Use&& use) {
    const unsigned char* at = rows + lane_index() % 4 * 2 * kPaddedRow +
                              warp_index() * kMlaColumns + lane_index() / 4 * kMlaColumnTiles;
    Words2 tokens[4];  // 2q, 2q + 1, 2q + 8, 2q + 9
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < 4; ++t)
      tokens[t] = *reinterpret_cast<const Words2*>(at + (t % 2 + t / 2 * 8) * kPaddedRow);
    HELIXSIM_UNROLL
    for (unsigned tile = 0; tile < kMlaColumnTiles; ++tile) {
      const std::uint32_t words[2] = {beside(tokens[0], tokens[1], tile),
                                      beside(tokens[2], tokens[3], tile)};
      use(tile, words);
    }
  }
  static HELIXSIM_DEVICE void store_row(float* to, const MlaColumnSums& sums, unsigned half,
                                        float scale) {
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 2; ++i) {
      HELIXSIM_UNROLL
      for (unsigned tile = 0; tile < kMlaColumnTiles; tile += 4) {
        float four[4];
        HELIXSIM_UNROLL
        for (unsigned t = 0; t < 4; ++t) four[t] = sums[tile + t][half * 2 + i] * scale;
        store_four(to + (lane_index() % 4 * 2 + i) * kMlaColumnTiles + tile, four);
      }
    }
  }

 private:
  static HELIXSIM_DEVICE void widen(std::uint32_t four, std::uint32_t (&words)[2]) {
    words[0] = bf16_of_e4m3(static_cast<std::uint16_t>(four & 0xFFFFu));
    words[1] = bf16_of_e4m3(static_cast<std::uint16_t>(four >> 16));
  }
  /// Byte `i` of two tokens, as BF16.
  static HELIXSIM_DEVICE std::uint32_t beside(const Words2& a, const Words2& b, unsigned i) {
    const std::uint32_t low = (i < 4 ? a.x : a.y) >> (i % 4 * 8) & 0xFFu;
    const std::uint32_t high = (i < 4 ? b.x : b.y) >> (i % 4 * 8) & 0xFFu;
    return bf16_of_e4m3(static_cast<std::uint16_t>(low | high << 8));
  }
};

}  // namespace helixsim::kernels
