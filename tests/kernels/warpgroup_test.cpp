#include <catch2/catch.hpp>
#include <vector>

#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/device.hpp"

using namespace helixsim;
using namespace helixsim::kernels;
using emulator::Order;

namespace {

// a is 64 x 32 with a(i, k) = i - 2 k; keys are 64 x 32 with b(n, k) = n % 7 - k % 5 and values 32
// x 256 with v(k, n) = k % 9 - n % 11. All products and sums are exact.
float a_at(unsigned i, unsigned k) {
  return static_cast<float>(i) - 2.0f * static_cast<float>(k);
}
float key_at(unsigned n, unsigned k) {
  return static_cast<float>(n % 7) - static_cast<float>(k % 5);
}
float value_at(unsigned k, unsigned n) {
  return static_cast<float>(k % 9) - static_cast<float>(n % 11);
}

struct alignas(1024) Shared {
  Bf16 a[64][64];          // [i, k]: rows of 128 bytes, of which the first 64 are used
  Bf16 keys[64][64];       // [n, k]
  Bf16 values[4][32][64];  // [n / 64, k, n % 64]
};

/// Swizzled by PTX ISA figure "128B swizzle": within a row of 128 bytes, pieces of 16 bytes change
/// places by the row's number in its eight.
Bf16& swizzled(Bf16* rows, unsigned row, unsigned column) {
  return rows[row * 64 + (column / 8 ^ row % 8) * 8 + column % 8];
}

void fill(Shared& shared) {
  for (unsigned i = 0; i < 64; ++i) {
    for (unsigned k = 0; k < 32; ++k) {
      swizzled(shared.a[0], i, k) = to_bf16(a_at(i, k));
      swizzled(shared.keys[0], i, k) = to_bf16(key_at(i, k));
    }
  }
  for (unsigned k = 0; k < 32; ++k) {
    for (unsigned n = 0; n < 256; ++n)
      swizzled(shared.values[n / 64][0], k, n % 64) = to_bf16(value_at(k, n));
  }
}

/// Where a lane's sum is: row and column of the product.
unsigned row_of(unsigned sum) {
  return thread_index() / 32 * 16 + lane_index() / 4 + sum / 2 % 2 * 8;
}
unsigned column_of(unsigned sum) {
  return sum / 4 * 8 + lane_index() % 4 * 2 + sum % 2;
}

emulator::LaunchShape one_warpgroup() {
  return {.threads = 128, .shared_bytes = sizeof(Shared)};
}

}  // namespace

TEST_CASE("a warpgroup multiplies K-major operands of shared memory", "[kernels][emulator]") {
  const auto schedule = GENERATE(from_range(schedules()));
  CAPTURE(to_text(schedule));
  std::vector<float> found(64 * 64, NAN);
  emulator::launch(one_warpgroup(), schedule, [&] {
    auto& shared = shared_as<Shared>();
    if (thread_index() == 0) fill(shared);
    block_barrier();
    float sums[32];
    const MatrixDescriptor a = describe_matrix(shared.a, 16, 1024);
    const MatrixDescriptor b = describe_matrix(shared.keys, 16, 1024);
    fence_products();
    begin_product(sums, a, b, false);
    begin_product(sums, moved(a, 32), moved(b, 32), true);
    commit_products();
    wait_products<0>(sums);
    for (unsigned i = 0; i < 32; ++i) found[row_of(i) * 64 + column_of(i)] = sums[i];
  });
  bool right = true;
  for (unsigned i = 0; i < 64; ++i) {
    for (unsigned n = 0; n < 64; ++n) {
      float sum = 0.0f;
      for (unsigned k = 0; k < 32; ++k) sum += a_at(i, k) * key_at(n, k);
      right = right && found[i * 64 + n] == sum;
    }
  }
  CHECK(right);
}

TEST_CASE("a warpgroup multiplies with MN-major values, from memory and from registers",
          "[kernels][emulator]") {
  const auto schedule = GENERATE(from_range(schedules()));
  CAPTURE(to_text(schedule));
  std::vector<float> found(64 * 256, NAN);
  emulator::launch(one_warpgroup(), schedule, [&] {
    auto& shared = shared_as<Shared>();
    if (thread_index() == 0) fill(shared);
    block_barrier();
    float sums[128] = {};
    std::uint32_t words[4];
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned k = 16 + i / 2 * 8 + lane_index() % 4 * 2;
      words[i] = pack_bf16(a_at(row_of(i % 2 * 2), k), a_at(row_of(i % 2 * 2), k + 1));
    }
    fence_products();
    begin_product(sums, describe_matrix(shared.a, 16, 1024),
                  describe_matrix(shared.values[0][0], 4096, 1024));
    begin_product(sums, words, describe_matrix(shared.values[0][16], 4096, 1024));
    commit_products();
    wait_products<0>(sums);
    for (unsigned i = 0; i < 128; ++i) found[row_of(i) * 256 + column_of(i)] = sums[i];
  });
  bool right = true;
  for (unsigned i = 0; i < 64; ++i) {
    for (unsigned n = 0; n < 256; ++n) {
      float sum = 0.0f;
      for (unsigned k = 0; k < 32; ++k) sum += a_at(i, k) * value_at(k, n);
      right = right && found[i * 256 + n] == sum;
    }
  }
  CHECK(right);
}

TEST_CASE("products are done when their group is waited for, where work is late",
          "[kernels][emulator]") {
  const bool late = GENERATE(false, true);
  bool right = true;
  emulator::launch(one_warpgroup(), {Order::RoundRobin, 0, false, late}, [&] {
    auto& shared = shared_as<Shared>();
    if (thread_index() == 0) fill(shared);
    block_barrier();
    float first[32] = {};
    float second[32] = {};
    const MatrixDescriptor a = describe_matrix(shared.a, 16, 1024);
    const MatrixDescriptor b = describe_matrix(shared.keys, 16, 1024);
    fence_products();
    begin_product(first, a, b, true);
    commit_products();
    begin_product(second, a, b, true);
    commit_products();
    // Sum 3 is of a column that is not all 0.
    right = right && (first[3] == 0.0f) == late && (second[3] == 0.0f) == late;
    wait_products<1>(first);
    right = right && first[3] != 0.0f && (second[3] == 0.0f) == late;
    wait_products<0>(second);
    right = right && second[3] == first[3];
  });
  CHECK(right);
}

TEST_CASE("asynchronous copies of 16 bytes come before their arrival", "[kernels][emulator]") {
  const auto schedule = GENERATE(from_range(schedules()));
  CAPTURE(to_text(schedule));
  struct Target {
    Words4 words[128];
    CopyBarrier barrier;
  };
  alignas(16) Words4 from[128];
  for (unsigned i = 0; i < 128; ++i) from[i] = {i, i, i, i + 1};
  bool right = true;
  emulator::launch({.threads = 128, .shared_bytes = sizeof(Target)}, schedule, [&] {
    auto& target = shared_as<Target>();
    if (thread_index() == 0) init_barrier(target.barrier, 128);
    block_barrier();
    copy_async(&target.words[thread_index()], &from[thread_index()]);
    arrive_after_copies(target.barrier);
    wait(target.barrier, 0);
    const unsigned other = 127 - thread_index();
    right = right && target.words[other].w == other + 1;
  });
  CHECK(right);
}

TEST_CASE("what a warpgroup may not do ends the launch with its name", "[kernels][emulator]") {
  struct Wrong {
    const char* message;
    std::function<void(Shared&)> kernel;
  };
  const auto wrong = GENERATE(values<Wrong>({
      {"without a fence",
       [](Shared& shared) {
         float sums[32] = {};
         const MatrixDescriptor a = describe_matrix(shared.a, 16, 1024);
         begin_product(sums, a, a, true);
       }},
      {"ends before it has waited",
       [](Shared& shared) {
         static float sums[128][32];
         const MatrixDescriptor a = describe_matrix(shared.a, 16, 1024);
         fence_products();
         begin_product(sums[thread_index()], a, a, true);
         commit_products();
       }},
      {"multiply different matrices",
       [](Shared& shared) {
         float sums[32] = {};
         const MatrixDescriptor a = describe_matrix(shared.a[lane_index()], 16, 1024);
         fence_products();
         begin_product(sums, a, a, true);
       }},
      {"out of shared memory",
       [](Shared& shared) {
         float sums[32] = {};
         const MatrixDescriptor a = describe_matrix(shared.a, 16, 16384);
         fence_products();
         begin_product(sums, a, a, true);
         commit_products();
         wait_products<0>(sums);
       }},
      {"in the midst of a pattern",
       [](Shared& shared) {
         float sums[128] = {};
         fence_products();
         begin_product(sums, describe_matrix(shared.a, 16, 1024),
                       describe_matrix(shared.values[0][1], 4096, 1024));
         commit_products();
         wait_products<0>(sums);
       }},
  }));
  const bool late = GENERATE(false, true);
  CHECK_THROWS_WITH(emulator::launch(one_warpgroup(), {Order::RoundRobin, 0, false, late},
                                     [&] { wrong.kernel(shared_as<Shared>()); }),
                    Catch::Contains(wrong.message));
}
