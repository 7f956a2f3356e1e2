#include "tools/calibrate/emulator/emulator.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/device.hpp"

using namespace helixsim;
using namespace helixsim::kernels;
using emulator::EmulationError;
using emulator::LaunchShape;
using emulator::Order;
using emulator::Schedule;

TEST_CASE("every thread of the grid runs once", "[kernels][emulator]") {
  const Schedule schedule = GENERATE(from_range(schedules()));
  std::multiset<unsigned> seen;
  emulator::launch({.grid = {3, 2, 2}, .threads = 64}, schedule, [&] {
    const unsigned block = (block_z() * grid_y() + block_y()) * grid_x() + block_x();
    seen.insert(block * block_threads() + thread_index());
  });
  CHECK(seen.size() == 3 * 2 * 2 * 64);
  CHECK(std::set<unsigned>(seen.begin(), seen.end()).size() == seen.size());
}

TEST_CASE("a block barrier shows what every thread wrote before it", "[kernels][emulator]") {
  const Schedule schedule = GENERATE(from_range(schedules()));
  CAPTURE(to_text(schedule));
  bool right = true;
  emulator::launch({.threads = 128, .shared_bytes = 128 * sizeof(unsigned)}, schedule, [&] {
    auto& words = shared_as<unsigned[128]>();
    for (unsigned round = 0; round < 5; ++round) {
      words[thread_index()] = round * 1000 + thread_index();
      block_barrier();
      const unsigned other = (thread_index() + 77) % 128;
      right = right && words[other] == round * 1000 + other;
      block_barrier();
    }
  });
  CHECK(right);
}

TEST_CASE("a missing block barrier shows when a warp runs ahead", "[kernels][emulator]") {
  bool right = true;
  emulator::launch({.threads = 64, .shared_bytes = 64 * sizeof(unsigned)},
                   {Order::Starve, 0, false}, [&] {
                     auto& words = shared_as<unsigned[64]>();
                     words[thread_index()] = thread_index();
                     warp_barrier();
                     right = right && words[63 - thread_index()] == 63 - thread_index();
                   });
  CHECK_FALSE(right);
}

TEST_CASE("shuffles and ballots go by lane", "[kernels][emulator]") {
  const Schedule schedule = GENERATE(from_range(schedules()));
  bool right = true;
  emulator::launch({.threads = 64}, schedule, [&] {
    const unsigned lane = lane_index();
    for (unsigned mask = 1; mask < 32; mask *= 2)
      right = right && shuffle_xor(lane * 3, mask) == (lane ^ mask) * 3;
    right = right && shuffle(lane + warp_index() * 100, 5) == 5 + warp_index() * 100;
    right = right && ballot(lane % 2 == 1) == 0xAAAAAAAAu;
  });
  CHECK(right);
}

TEST_CASE("matrix operands multiply as matrices do", "[kernels][emulator]") {
  // a is 16 x 16 with a(i, k) = i - k, b(k, n) = k + 2 n, taken from memory by rows.
  alignas(16) Bf16 a[16][16];
  alignas(16) Bf16 b[16][8];  // by k
  for (int i = 0; i < 16; ++i)
    for (int k = 0; k < 16; ++k) a[i][k] = to_bf16(static_cast<float>(i - k));
  for (int k = 0; k < 16; ++k)
    for (int n = 0; n < 8; ++n) b[k][n] = to_bf16(static_cast<float>(k + 2 * n));
  float c[16][8] = {};
  emulator::launch({}, {}, [&] {
    const unsigned lane = lane_index();
    std::uint32_t a_words[4];
    load_matrices(a_words, &a[lane % 16][lane / 16 * 8]);
    std::uint32_t b_words[4];
    load_matrices_transposed(b_words, &b[lane % 16][0]);
    const std::uint32_t b_pair[2] = {b_words[0], b_words[1]};
    float sums[4] = {};
    multiply_add(sums, a_words, b_pair);
    for (unsigned i = 0; i < 4; ++i) c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2] = sums[i];
  });
  for (int i = 0; i < 16; ++i) {
    for (int n = 0; n < 8; ++n) {
      float sum = 0;
      for (int k = 0; k < 16; ++k) sum += static_cast<float>((i - k) * (k + 2 * n));
      CHECK(c[i][n] == sum);
    }
  }
}

TEST_CASE("a bulk copy arrives before its barrier's phase ends", "[kernels][emulator]") {
  const Schedule schedule = GENERATE(from_range(schedules()));
  alignas(16) unsigned from[2][64];
  for (unsigned i = 0; i < 128; ++i) from[i / 64][i % 64] = i;
  struct Shared {
    unsigned words[64];
    CopyBarrier barrier;
  };
  bool right = true;
  emulator::launch({.threads = 64, .shared_bytes = sizeof(Shared)}, schedule, [&] {
    auto& shared = shared_as<Shared>();
    if (thread_index() == 0) init_barrier(shared.barrier, 1);
    block_barrier();
    for (unsigned round = 0; round < 2; ++round) {
      if (thread_index() == 0) {
        arrive_expecting(shared.barrier, 256);
        bulk_copy(shared.words, from[round], 128, shared.barrier);
        bulk_copy(shared.words + 32, from[round] + 32, 128, shared.barrier);
      }
      wait(shared.barrier, round % 2);
      right = right && shared.words[thread_index()] == round * 64 + thread_index();
      block_barrier();
    }
  });
  CHECK(right);
}

TEST_CASE("what a kernel may not do ends the launch with its name", "[kernels][emulator]") {
  struct Wrong {
    const char* message;
    std::function<void()> kernel;
  };
  alignas(16) static unsigned char bytes[64];
  const auto wrong = GENERATE(values<Wrong>({
      {"waits for a block barrier",
       [] {
         if (warp_index() == 0) block_barrier();
       }},
      {"comes to ballot where its warp is at shuffle_xor",
       [] {
         if (lane_index() < 16) {
           shuffle_xor(1, 1u);
         } else {
           ballot(true);
         }
       }},
      {"not in whole 16 bytes",
       [] {
         auto& barrier = shared_as<CopyBarrier>();
         bulk_copy(&barrier, bytes + 4, 16, barrier);
       }},
      {"waits for a phase of a copy barrier",
       [] {
         auto& barrier = shared_as<CopyBarrier>();
         if (thread_index() == 0) {
           init_barrier(barrier, 1);
           arrive_expecting(barrier, 32);
         }
         block_barrier();
         wait(barrier, 0);
       }},
      {"too little shared memory", [] { shared_as<unsigned[64]>()[0] = 0; }},
  }));
  CHECK_THROWS_WITH(emulator::launch({.threads = 64, .shared_bytes = 16}, {}, wrong.kernel),
                    Catch::Contains(wrong.message));
}

TEST_CASE("a launch that never ends is stopped", "[kernels][emulator]") {
  CHECK_THROWS_WITH(emulator::launch(
                        {}, {},
                        [] {
                          while (true) warp_barrier();
                        },
                        10'000),
                    Catch::Contains("more than 10000 switches"));
}

TEST_CASE("shared memory begins as NaN", "[kernels][emulator]") {
  bool nan = true;
  emulator::launch({.shared_bytes = 64}, {},
                   [&] { nan = nan && std::isnan(shared_as<float[16]>()[3]); });
  CHECK(nan);
}

TEST_CASE("blocks that wait for each other run together", "[kernels][emulator]") {
  const Schedule schedule = GENERATE(from_range(schedules()));
  unsigned flags[2] = {};
  emulator::launch({.grid = {2, 1, 1}, .threads = 32, .resident = 2}, schedule, [&] {
    if (thread_index() == 0) store_release(&flags[block_x()], 1);
    wait_for(&flags[1 - block_x()], 1);
  });
  CHECK(flags[0] + flags[1] == 2);
}
