#include "tools/calibrate/kernels/elementwise.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/rms_norm.hpp"
#include "tools/calibrate/kernels/rope_append.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

std::vector<Bf16> normal_numbers(std::size_t count, Random& random, double scale = 1.0) {
  std::vector<Bf16> numbers(count);
  for (Bf16& number : numbers) number = to_bf16(static_cast<float>(scale * normal(random)));
  return numbers;
}
std::vector<double> doubles(const std::vector<Bf16>& numbers) {
  std::vector<double> out;
  for (const Bf16 number : numbers) out.push_back(to_float(number));
  return out;
}

constexpr unsigned kTokens = 3;

/// Rows of `hidden` with a residual, and their RMSNorm in FP64.
struct NormCase {
  unsigned hidden;
  std::vector<Bf16> x, residual, weight;
  std::vector<double> sums, expected;

  explicit NormCase(unsigned hidden_, bool with_residual = true) : hidden(hidden_) {
    Random random(hidden_);
    x = normal_numbers(kTokens * hidden, random);
    if (with_residual) residual = normal_numbers(kTokens * hidden, random);
    weight = normal_numbers(hidden, random);
    for (unsigned token = 0; token < kTokens; ++token) {
      double squares = 0.0;
      for (unsigned i = 0; i < hidden; ++i) {
        const std::size_t at = std::size_t{token} * hidden + i;
        sums.push_back(double{to_float(x[at])} + (with_residual ? to_float(residual[at]) : 0.0f));
        squares += sums.back() * sums.back();
      }
      const double scale = 1.0 / std::sqrt(squares / hidden + 1e-6);
      for (unsigned i = 0; i < hidden; ++i)
        expected.push_back(sums[std::size_t{token} * hidden + i] * scale * to_float(weight[i]));
    }
  }

  template <class Rows>
  std::vector<Bf16> run(const Rows& rows, const emulator::Schedule& schedule) {
    std::vector<Bf16> left = residual;
    const RmsNorm<Rows> call{.x = x.data(),
                             .residual = left.empty() ? nullptr : left.data(),
                             .weight = weight.data(),
                             .rows = rows,
                             .hidden = hidden};
    emulator::launch(
        {.grid = {kTokens, 1, 1}, .threads = kNormThreads, .shared_bytes = sizeof(NormShared)},
        schedule, [&] { rms_norm(call); });
    return left;
  }
};

/// FP64 of what block-scaled rows hold, and whether each block's scale is the least that does.
std::vector<double> dequantised(const std::vector<E4m3>& numbers,
                                const std::vector<float>& scales) {
  std::vector<double> out;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    out.push_back(double{to_float(numbers[i])} * scales[i / 128]);
  return out;
}

}  // namespace

TEST_CASE("RMSNorm with residual is that of FP64 under every schedule", "[kernels][elementwise]") {
  NormCase data(GENERATE(128u, 7168u, 16384u));
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(data.hidden, to_text(schedule));
    std::vector<Bf16> out(kTokens * data.hidden, to_bf16(NAN));
    const std::vector<Bf16> left = data.run(RowsBf16{out.data()}, schedule);
    CHECK(relative_error(doubles(out), data.expected) < 4e-3);
    CHECK(relative_error(doubles(left), data.sums) < 4e-3);
  }
}

TEST_CASE("RMSNorm without a residual writes none", "[kernels][elementwise]") {
  NormCase data(640, false);
  std::vector<Bf16> out(kTokens * data.hidden, to_bf16(NAN));
  data.run(RowsBf16{out.data()}, {});
  CHECK(relative_error(doubles(out), data.expected) < 4e-3);
}

TEST_CASE("a norm writes E4M3 with the scale of a tensor or of blocks", "[kernels][elementwise]") {
  NormCase data(GENERATE(128u, 7168u));
  const std::size_t count = kTokens * data.hidden;
  std::vector<E4m3> out(count, E4m3{0x7F});
  data.run(RowsE4m3Tensor{out.data(), 32.0f}, {});
  for (std::size_t i = 0; i < count; ++i) {
    const float exact = static_cast<float>(data.expected[i]);
    REQUIRE(std::abs(to_float(out[i]) / 32.0f - exact) <= 0.0672f * std::abs(exact) + 4e-5f);
  }
  std::vector<float> scales(count / 128, NAN);
  std::fill(out.begin(), out.end(), E4m3{0x7F});
  data.run(RowsE4m3Blocks{out.data(), scales.data()}, {emulator::Order::Random, 1, false});
  const std::vector<double> found = dequantised(out, scales);
  for (std::size_t block = 0; block < count / 128; ++block) {
    double largest = 0.0;
    for (std::size_t i = block * 128; i < (block + 1) * 128; ++i)
      largest = std::max(largest, std::abs(data.expected[i]));
    REQUIRE(scales[block] == Approx(largest / 448.0).epsilon(1e-5));
    for (std::size_t i = block * 128; i < (block + 1) * 128; ++i)
      REQUIRE(std::abs(found[i] - data.expected[i]) <=
              0.0672 * std::abs(data.expected[i]) + 0.002 * scales[block]);
  }
}

TEST_CASE("NVFP4 rows have a scale in E4M3 for each sixteen numbers", "[kernels][elementwise]") {
  Random random(9);
  const unsigned width = 384;
  std::vector<Bf16> x = normal_numbers(kTokens * width, random);
  std::fill(x.begin() + 32, x.begin() + 48, to_bf16(0.0f));
  std::vector<std::uint32_t> out(x.size() / 8, 0xFFFFFFFFu);
  std::vector<E4m3> scales(x.size() / 16, E4m3{0x7F});
  const float tensor_scale = 0.01f;
  const Quantise<RowsNvfp4> call{
      .x = x.data(), .rows = {out.data(), scales.data(), 1.0f / tensor_scale}, .width = width};
  emulator::launch({.grid = {1, kTokens, 1}, .threads = kElementThreads}, {},
                   [&] { quantise(call); });
  for (std::size_t block = 0; block < scales.size(); ++block) {
    float largest = 0.0f;
    for (std::size_t i = block * 16; i < (block + 1) * 16; ++i)
      largest = std::max(largest, std::abs(to_float(x[i])));
    const float scale = to_float(scales[block]) * tensor_scale;
    REQUIRE(scale == Approx(largest / 6.0).epsilon(0.07).margin(1e-6));
    for (std::size_t i = block * 16; i < (block + 1) * 16; ++i) {
      const E2m1 number{static_cast<std::uint8_t>(out[i / 8] >> (i % 8 * 4) & 0xFu)};
      // Half of the widest step, 2, and what a rounded-down scale cuts off at the top.
      REQUIRE(std::abs(to_float(number) * scale - to_float(x[i])) <= 1.45f * scale + 1e-6f);
      if (scale > 0.0f && std::abs(to_float(x[i])) < 2.0f * scale)
        REQUIRE(std::abs(to_float(number) * scale - to_float(x[i])) <= 0.2501f * scale);
    }
  }
  CHECK(to_float(scales[2]) == 0.0f);
}

TEST_CASE("SwiGLU is that of FP64, in BF16 and quantised", "[kernels][elementwise]") {
  const unsigned width = GENERATE(128u, 2304u);
  Random random(width);
  const std::vector<Bf16> gate_up = normal_numbers(std::size_t{2} * kTokens * width, random, 3.0);
  std::vector<double> expected;
  for (unsigned token = 0; token < kTokens; ++token) {
    for (unsigned i = 0; i < width; ++i) {
      const double gate = to_float(gate_up[std::size_t{2} * token * width + i]);
      const double up = to_float(gate_up[(std::size_t{2} * token + 1) * width + i]);
      expected.push_back(gate / (1.0 + std::exp(-gate)) * up);
    }
  }
  const unsigned blocks = (width + kElementsABlock - 1) / kElementsABlock;
  std::vector<Bf16> out(expected.size(), to_bf16(NAN));
  for (const emulator::Schedule& schedule : schedules()) {
    const Swiglu<RowsBf16> call{.gate_up = gate_up.data(), .rows = {out.data()}, .width = width};
    emulator::launch({.grid = {blocks, kTokens, 1}, .threads = kElementThreads}, schedule,
                     [&] { swiglu(call); });
    CHECK(relative_error(doubles(out), expected) < 4e-3);
  }
  std::vector<E4m3> small(expected.size(), E4m3{0x7F});
  std::vector<float> scales(expected.size() / 128, NAN);
  const Swiglu<RowsE4m3Blocks> call{
      .gate_up = gate_up.data(), .rows = {small.data(), scales.data()}, .width = width};
  emulator::launch({.grid = {blocks, kTokens, 1}, .threads = kElementThreads}, {},
                   [&] { swiglu(call); });
  CHECK(relative_error(dequantised(small, scales), expected) < 0.04);
}

TEST_CASE("RoPE turns pairs by their angle, and only the owner of a token appends it",
          "[kernels][elementwise]") {
  const unsigned batch = 3;
  const unsigned q_heads = 4;
  const unsigned kv_heads = 2;
  const int page_tokens = 16;
  const int pages_each = 3;
  const KvOwnership ownership{.ranks = 4, .block = 16};
  const std::vector<int> positions{5, 70, 127};  // owners 0, 0 and 3
  Random random(1);
  const std::vector<Bf16> qkv =
      normal_numbers(batch * (q_heads + 2 * kv_heads) * kHeadSize, random);
  std::vector<float> cos_sin(128 * kHeadSize);
  for (std::size_t position = 0; position < 128; ++position) {
    for (std::size_t i = 0; i < kHeadSize / 2; ++i) {
      const double angle =
          static_cast<double>(position) * std::pow(5e5, -2.0 * static_cast<double>(i) / kHeadSize);
      cos_sin[position * kHeadSize + 2 * i] = static_cast<float>(std::cos(angle));
      cos_sin[position * kHeadSize + 2 * i + 1] = static_cast<float>(std::sin(angle));
    }
  }
  const std::vector<int> pages{8, 1, 2, 3, 0, 5, 6, 7, 4};
  const auto expected_at = [&](unsigned request, unsigned head, std::size_t i, bool turn) {
    const std::size_t from = (std::size_t{request} * (q_heads + 2 * kv_heads) + head) * kHeadSize;
    const double value = to_float(qkv[from + i]);
    if (!turn) return value;
    const std::size_t pair = i % 64;
    const double cosine =
        cos_sin[static_cast<std::size_t>(positions[request]) * kHeadSize + 2 * pair];
    const double sine =
        cos_sin[static_cast<std::size_t>(positions[request]) * kHeadSize + 2 * pair + 1];
    const double other = to_float(qkv[from + (i + 64) % 128]);
    return i < 64 ? value * cosine - other * sine : value * cosine + other * sine;
  };
  for (const std::int64_t rank : {0, 1, 3}) {
    std::vector<Bf16> q(batch * q_heads * kHeadSize, to_bf16(NAN));
    std::vector<Bf16> keys(pages.size() * kv_heads * page_tokens * kHeadSize, to_bf16(NAN));
    std::vector<Bf16> values = keys;
    const RopeAppend<Bf16Kv> call{.qkv = qkv.data(),
                                  .q = q.data(),
                                  .keys = keys.data(),
                                  .values = values.data(),
                                  .pages = pages.data(),
                                  .positions = positions.data(),
                                  .cos_sin = cos_sin.data(),
                                  .ownership = ownership,
                                  .rank = rank,
                                  .batch = batch,
                                  .q_heads = q_heads,
                                  .kv_heads = kv_heads,
                                  .page_tokens = page_tokens,
                                  .pages_per_request = pages_each};
    const unsigned warps = batch * (q_heads + 2 * kv_heads);
    emulator::launch({.grid = {(warps + 3) / 4, 1, 1}, .threads = kRopeThreads}, {},
                     [&] { rope_append(call); });
    for (unsigned request = 0; request < batch; ++request) {
      for (unsigned head = 0; head < q_heads; ++head) {
        for (std::size_t i = 0; i < kHeadSize; ++i) {
          const double found = to_float(q[(request * q_heads + head) * kHeadSize + i]);
          REQUIRE(found == Approx(expected_at(request, head, i, true)).epsilon(5e-3).margin(5e-3));
        }
      }
    }
    std::size_t written = 0;
    for (const Bf16 number : keys) written += std::isnan(to_float(number)) ? 0 : 1;
    const std::size_t owned = rank == 0 ? 2 : rank == 3 ? 1 : 0;
    CHECK(written == owned * kv_heads * kHeadSize);
    if (rank != 3) continue;
    // Position 127 is the last of block 7, the second block of rank 3: place 31, page 1 of
    // request 2.
    for (unsigned head = 0; head < kv_heads; ++head) {
      const std::size_t at = ((std::size_t{7} * kv_heads + head) * page_tokens + 15) * kHeadSize;
      for (std::size_t i = 0; i < kHeadSize; ++i) {
        const double key = to_float(keys[at + i]);
        REQUIRE(key == Approx(expected_at(2, q_heads + head, i, true)).epsilon(5e-3).margin(5e-3));
        REQUIRE(to_float(values[at + i]) == expected_at(2, q_heads + kv_heads + head, i, false));
      }
    }
  }
}
