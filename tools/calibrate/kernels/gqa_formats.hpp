#pragma once

#include "tools/calibrate/kernels/device.hpp"

/// How a warp takes keys and values of one format from shared memory into operands of
/// mma m16n8k16 in BF16. Heads are rows of the A operands; 16 tokens are two columns of 8 for the
/// scores, and k for the output. The order of the head's 128 numbers within the instructions is the
/// format's own: queries and outputs follow it.
namespace helixsim::kernels {

inline constexpr unsigned kHeadSize = 128;

/// BF16, by ldmatrix; rows have 16 bytes of padding, which keeps its eight rows apart in banks.
struct Bf16Kv {
  using Number = Bf16;
  static constexpr unsigned kRowBytes = kHeadSize * 2;
  static constexpr unsigned kPaddedRow = kRowBytes + 16;

  /// First of the two neighbouring columns of a query in word `half` (k 0-7 or 8-15) of a step.
  static HELIXSIM_DEVICE unsigned query_column(unsigned step, unsigned half) {
    return step * 16 + half * 8 + lane_index() % 4 * 2;
  }
  /// Column of an output in tile `tile` of 16, at place `column` of 8.
  static HELIXSIM_DEVICE unsigned output_column(unsigned tile, unsigned column) {
    return tile * 8 + column;
  }
  /// B operands of all eight steps for tokens 0-7 and 8-15 of `rows`.
  template <class Use>
  static HELIXSIM_DEVICE void for_each_key_step(const unsigned char* rows, Use&& use) {
    const unsigned lane = lane_index();
    const unsigned char* at = rows + (lane / 16 * 8 + lane % 8) * kPaddedRow + lane / 8 % 2 * 16;
    HELIXSIM_UNROLL
    for (unsigned step = 0; step < kHeadSize / 16; ++step) {
      std::uint32_t words[4];
      load_matrices(words, at + step * 32);
      const std::uint32_t low[2] = {words[0], words[1]};
      const std::uint32_t high[2] = {words[2], words[3]};
      use(step, low, high);
    }
  }
  /// B operands of all 16 output tiles over the 16 tokens of `rows`.
  template <class Use>
  static HELIXSIM_DEVICE void for_each_value_tile(const unsigned char* rows, Use&& use) {
    const unsigned lane = lane_index();
    const unsigned char* at = rows + (lane / 8 % 2 * 8 + lane % 8) * kPaddedRow + lane / 16 * 16;
    HELIXSIM_UNROLL
    for (unsigned pair = 0; pair < kHeadSize / 16; ++pair) {
      std::uint32_t words[4];
      load_matrices_transposed(words, at + pair * 32);
      const std::uint32_t first[2] = {words[0], words[1]};
      const std::uint32_t second[2] = {words[2], words[3]};
      use(2 * pair, first);
      use(2 * pair + 1, second);
    }
  }
};

/// E4M3, by loads of 16 bytes that are turned into BF16 in registers.
struct E4m3Kv {
  using Number = E4m3;
  static constexpr unsigned kRowBytes = kHeadSize;
  static constexpr unsigned kPaddedRow = kRowBytes + 16;

  /// A lane's 16 bytes hold four steps of four numbers.
  static HELIXSIM_DEVICE unsigned query_column(unsigned step, unsigned half) {
    return step / 4 * 64 + lane_index() % 4 * 16 + step % 4 * 4 + half * 2;
  }
  static HELIXSIM_DEVICE unsigned output_column(unsigned tile, unsigned column) {
    return column * 16 + tile;
  }
  template <class Use>
  static HELIXSIM_DEVICE void for_each_key_step(const unsigned char* rows, Use&& use) {
    const unsigned lane = lane_index();
    const unsigned char* at = rows + lane / 4 * kPaddedRow + lane % 4 * 16;
    HELIXSIM_UNROLL
    for (unsigned part = 0; part < 2; ++part) {
      const Words4 low = *reinterpret_cast<const Words4*>(at + part * 64);
      const Words4 high = *reinterpret_cast<const Words4*>(at + 8 * kPaddedRow + part * 64);
      HELIXSIM_UNROLL
      for (unsigned i = 0; i < 4; ++i) {
        const std::uint32_t of_low[2] = {lower(word(low, i)), upper(word(low, i))};
        const std::uint32_t of_high[2] = {lower(word(high, i)), upper(word(high, i))};
        use(part * 4 + i, of_low, of_high);
      }
    }
  }
  template <class Use>
  static HELIXSIM_DEVICE void for_each_value_tile(const unsigned char* rows, Use&& use) {
    const unsigned lane = lane_index();
    const unsigned char* at = rows + lane % 4 * 2 * kPaddedRow + lane / 4 * 16;
    Words4 tokens[4];  // 2 q, 2 q + 1 and these + 8, q = lane % 4
    HELIXSIM_UNROLL
    for (unsigned t = 0; t < 4; ++t)
      tokens[t] = *reinterpret_cast<const Words4*>(at + (t % 2 + t / 2 * 8) * kPaddedRow);
    HELIXSIM_UNROLL
    for (unsigned tile = 0; tile < kHeadSize / 8; ++tile) {
      const std::uint32_t words[2] = {beside(tokens[0], tokens[1], tile),
                                      beside(tokens[2], tokens[3], tile)};
      use(tile, words);
    }
  }

 private:
  static HELIXSIM_DEVICE std::uint32_t word(const Words4& words, unsigned i) {
    return i == 0 ? words.x : i == 1 ? words.y : i == 2 ? words.z : words.w;
  }
  static HELIXSIM_DEVICE std::uint32_t lower(std::uint32_t four) {
    return bf16_of_e4m3(static_cast<std::uint16_t>(four & 0xFFFFu));
  }
  static HELIXSIM_DEVICE std::uint32_t upper(std::uint32_t four) {
    return bf16_of_e4m3(static_cast<std::uint16_t>(four >> 16));
  }
  /// Byte `i` of two tokens, as BF16.
  static HELIXSIM_DEVICE std::uint32_t beside(const Words4& a, const Words4& b, unsigned i) {
    const std::uint32_t low = word(a, i / 4) >> (i % 4 * 8) & 0xFFu;
    const std::uint32_t high = word(b, i / 4) >> (i % 4 * 8) & 0xFFu;
    return bf16_of_e4m3(static_cast<std::uint16_t>(low | high << 8));
  }
};

}  // namespace helixsim::kernels
