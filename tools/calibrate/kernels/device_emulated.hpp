#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tools/calibrate/emulator/threads.hpp"
#include "tools/calibrate/kernels/arithmetic/formats.hpp"

#define HELIXSIM_KERNEL inline void
#define HELIXSIM_KERNEL_BOUNDS(threads, blocks)
#define HELIXSIM_DEVICE inline
#define HELIXSIM_UNROLL

namespace helixsim::kernels {

inline constexpr unsigned kWarpThreads = 32;

/// 16 bytes that move as one.
struct alignas(16) Words4 {
  std::uint32_t x = 0, y = 0, z = 0, w = 0;
};

// ---- places
// --------------------------------------------------------------------------------------

inline unsigned thread_index() {
  return emulator::place().thread;
}
inline unsigned block_threads() {
  return emulator::place().threads;
}
inline unsigned lane_index() {
  return thread_index() % kWarpThreads;
}
inline unsigned warp_index() {
  return thread_index() / kWarpThreads;
}
inline unsigned block_x() {
  return emulator::place().block[0];
}
inline unsigned block_y() {
  return emulator::place().block[1];
}
inline unsigned block_z() {
  return emulator::place().block[2];
}
inline unsigned grid_x() {
  return emulator::place().grid[0];
}
inline unsigned grid_y() {
  return emulator::place().grid[1];
}
inline unsigned grid_z() {
  return emulator::place().grid[2];
}

/// The block's shared memory as the launch sized it. It holds NaN.
template <class T>
T& shared_as() {
  const auto memory = emulator::shared_memory();
  if (memory.size() < sizeof(T)) emulator::fail("the launch gives too little shared memory");
  return *reinterpret_cast<T*>(memory.data());
}

// ---- barriers
// ------------------------------------------------------------------------------------

inline void block_barrier() {
  emulator::block_barrier(0, block_threads());
}
/// Of the first `threads` that come to barrier `id`, 1 to 15.
inline void block_barrier(unsigned id, unsigned threads) {
  emulator::block_barrier(id, threads);
}
inline void warp_barrier() {
  const char nothing = 0;
  emulator::exchange("a warp barrier", &nothing, 1);
}

// ---- exchange within a warp
// ----------------------------------------------------------------------

template <class T>
T shuffle(T value, unsigned lane) {
  return emulator::exchange("shuffle", &value, sizeof(T)).template of<T>(lane % kWarpThreads);
}
template <class T>
T shuffle_xor(T value, unsigned mask) {
  const unsigned lane = lane_index() ^ mask;
  return emulator::exchange("shuffle_xor", &value, sizeof(T)).template of<T>(lane);
}
/// Lanes, as bits, at which `value` is true.
inline std::uint32_t ballot(bool value) {
  const auto all = emulator::exchange("ballot", &value, sizeof(value));
  std::uint32_t bits = 0;
  for (unsigned lane = 0; lane < kWarpThreads; ++lane)
    bits |= (all.of<bool>(lane) ? 1u : 0u) << lane;
  return bits;
}
/// Lanes, as bits, that hold the same value as this one.
inline std::uint32_t same_value_lanes(std::uint32_t value) {
  const auto all = emulator::exchange("same_value_lanes", &value, sizeof(value));
  std::uint32_t bits = 0;
  for (unsigned lane = 0; lane < kWarpThreads; ++lane)
    bits |= (all.of<std::uint32_t>(lane) == value ? 1u : 0u) << lane;
  return bits;
}
/// redux.sync: the largest, the smallest of all lanes.
inline std::uint32_t largest_of_lanes(std::uint32_t value) {
  const auto all = emulator::exchange("largest_of_lanes", &value, sizeof(value));
  for (unsigned lane = 0; lane < kWarpThreads; ++lane)
    value = std::max(value, all.of<std::uint32_t>(lane));
  return value;
}
inline std::uint32_t smallest_of_lanes(std::uint32_t value) {
  return ~largest_of_lanes(~value);
}

// ---- matrix fragments
// ----------------------------------------------------------------------------

namespace emulated {

struct MatrixRows {
  std::uint32_t words[4][8][4];  // matrix, row, pairs of 16 bits
};

/// Four 8 x 8 matrices of 16-bit numbers: lane i names row i % 8 of matrix i / 8.
inline MatrixRows matrix_rows(const void* row) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
    emulator::fail("a matrix row that is not at a multiple of 16 bytes");
  const auto all = emulator::exchange("load_matrices", row, 16);
  MatrixRows rows;
  for (unsigned lane = 0; lane < kWarpThreads; ++lane) {
    const Words4 words = all.of<Words4>(lane);
    std::memcpy(rows.words[lane / 8][lane % 8], &words, 16);
  }
  return rows;
}

inline std::uint16_t half_at(const MatrixRows& rows, unsigned matrix, unsigned row,
                             unsigned column) {
  return static_cast<std::uint16_t>(rows.words[matrix][row][column / 2] >> (column % 2 * 16));
}

inline float bf16_at(std::uint32_t pair, unsigned half) {
  return to_float(Bf16{static_cast<std::uint16_t>(pair >> (half * 16))});
}

struct MmaOperands {
  std::uint32_t a[4];
  std::uint32_t b[2];
};

}  // namespace emulated

/// ldmatrix .x4: word r of a lane is of matrix r, row lane / 4, columns lane % 4 * 2 and the next.
inline void load_matrices(std::uint32_t (&words)[4], const void* row) {
  const auto rows = emulated::matrix_rows(row);
  for (unsigned r = 0; r < 4; ++r) words[r] = rows.words[r][lane_index() / 4][lane_index() % 4];
}
/// The same of transposed matrices.
inline void load_matrices_transposed(std::uint32_t (&words)[4], const void* row) {
  const auto rows = emulated::matrix_rows(row);
  const unsigned at = lane_index() % 4 * 2;
  for (unsigned r = 0; r < 4; ++r) {
    words[r] = static_cast<std::uint32_t>(emulated::half_at(rows, r, at, lane_index() / 4)) |
               static_cast<std::uint32_t>(emulated::half_at(rows, r, at + 1, lane_index() / 4))
                   << 16;
  }
}

/// mma m16n8k16, BF16 with FP32 sums: c += a b. Rows of a and c are lane / 4 and that + 8, columns
/// of b and c lane % 4 * 2 and the next; a's words: rows 0-7 and 8-15 of k 0-7, then of k 8-15.
inline void multiply_add(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  emulated::MmaOperands mine;
  std::memcpy(mine.a, a, sizeof(mine.a));
  std::memcpy(mine.b, b, sizeof(mine.b));
  const auto all = emulator::exchange("multiply_add", &mine, sizeof(mine));
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = lane_index() / 4;
    const unsigned column = lane_index() % 4 * 2 + i % 2;
    for (unsigned k = 0; k < 16; ++k) {
      const auto of_a = all.of<emulated::MmaOperands>(row * 4 + k % 8 / 2);
      const auto of_b = all.of<emulated::MmaOperands>(column * 4 + k % 8 / 2);
      c[i] += emulated::bf16_at(of_a.a[k / 8 * 2 + i / 2], k % 2) *
              emulated::bf16_at(of_b.b[k / 8], k % 2);
    }
  }
}

// ---- numbers
// -------------------------------------------------------------------------------------

inline float fast_exp2(float value) {
  return std::exp2(value);
}
inline float fast_log2(float value) {
  return std::log2(value);
}
inline float fast_rsqrt(float value) {
  return 1.0f / std::sqrt(value);
}
/// Two numbers as BF16 in a word, `low` in the lower half.
inline std::uint32_t pack_bf16(float low, float high) {
  return to_bf16(low).bits | static_cast<std::uint32_t>(to_bf16(high).bits) << 16;
}
/// Two E4M3 numbers as two BF16, exactly.
inline std::uint32_t bf16_of_e4m3(std::uint16_t pair) {
  return pack_bf16(to_float(E4m3{static_cast<std::uint8_t>(pair & 0xFFu)}),
                   to_float(E4m3{static_cast<std::uint8_t>(pair >> 8)}));
}
/// Two numbers as E4M3 in a half word, saturating.
inline std::uint16_t pack_e4m3(float low, float high) {
  return static_cast<std::uint16_t>(to_e4m3(low).bits | to_e4m3(high).bits << 8);
}

inline unsigned count_bits(std::uint32_t bits) {
  return static_cast<unsigned>(std::popcount(bits));
}

// ---- copies
// --------------------------------------------------------------------------------------

/// Counts arrivals of threads and bytes of bulk copies; a phase ends when all have come. In shared
/// memory.
struct CopyBarrier {
  std::uint64_t state;
};

namespace emulated {
struct BarrierState {
  std::uint16_t expected;
  std::uint16_t pending;
  std::int32_t bytes_and_phase;  // twice the bytes that are still to come, and the phase

  [[nodiscard]] int bytes() const { return (bytes_and_phase - phase()) / 2; }
  [[nodiscard]] int phase() const { return bytes_and_phase & 1; }
};
inline BarrierState state_of(const CopyBarrier& barrier) {
  BarrierState state;
  std::memcpy(&state, &barrier.state, sizeof(state));
  return state;
}
inline void change(CopyBarrier& barrier, int arrivals, int bytes) {
  BarrierState state = state_of(barrier);
  if (arrivals > state.pending) emulator::fail("more arrivals than the barrier expects");
  state.pending = static_cast<std::uint16_t>(state.pending - arrivals);
  state.bytes_and_phase += 2 * bytes;
  if (state.pending == 0 && state.bytes() == 0) {
    state.pending = state.expected;
    state.bytes_and_phase ^= 1;
  }
  std::memcpy(&barrier.state, &state, sizeof(state));
}
}  // namespace emulated

inline void init_barrier(CopyBarrier& barrier, unsigned arrivals) {
  const emulated::BarrierState state{.expected = static_cast<std::uint16_t>(arrivals),
                                     .pending = static_cast<std::uint16_t>(arrivals),
                                     .bytes_and_phase = 0};
  std::memcpy(&barrier.state, &state, sizeof(state));
}
/// Between init_barrier and the first copies; a block barrier follows.
inline void fence_barrier_init() {}
inline void arrive(CopyBarrier& barrier) {
  emulated::change(barrier, 1, 0);
}
/// One arrival, and bytes that copies bring in this phase.
inline void arrive_expecting(CopyBarrier& barrier, unsigned bytes) {
  emulated::change(barrier, 1, static_cast<int>(bytes));
}
/// Until the phase of that parity (0 for the first) has ended.
inline void wait(const CopyBarrier& barrier, unsigned parity) {
  emulator::wait_until(
      [&] { return static_cast<unsigned>(emulated::state_of(barrier).phase()) != parity; },
      "a phase of a copy barrier");
}
/// cp.async.bulk from global to shared memory; addresses and size are multiples of 16.
inline void bulk_copy(void* to, const void* from, unsigned bytes, CopyBarrier& barrier) {
  if ((reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from) | bytes) %
          16 !=
      0)
    emulator::fail("a bulk copy that is not in whole 16 bytes");
  const int count = static_cast<int>(bytes);
  emulator::copy_later(to, from, bytes,
                       [&barrier, count] { emulated::change(barrier, 0, -count); });
}
/// Before bulk copies overwrite what threads have read with ordinary loads.
inline void fence_bulk_copies() {}

/// Read once: not kept in caches.
template <class T>
T load_streaming(const T* from) {
  if (reinterpret_cast<std::uintptr_t>(from) % sizeof(T) != 0)
    emulator::fail("a load that is not aligned to its size");
  return *from;
}
template <class T>
void store_streaming(T* to, const T& value) {
  if (reinterpret_cast<std::uintptr_t>(to) % sizeof(T) != 0)
    emulator::fail("a store that is not aligned to its size");
  *to = value;
}

// ---- across blocks and GPUs
// ----------------------------------------------------------------------

/// Past the caches of the multiprocessor: what another block has written.
template <class T>
T load_uncached(const T* from) {
  return *from;
}

inline unsigned atomic_add(unsigned* counter, unsigned value) {
  const unsigned before = *counter;
  *counter += value;
  return before;
}
/// What this thread wrote before is seen by all of the GPU before what it writes after.
inline void fence_device() {}
inline void fence_system() {}
inline void store_release(unsigned* flag, unsigned value) {
  *flag = value;
}
/// Until a flag that another block or GPU writes has that value.
inline void wait_for(const unsigned* flag, unsigned value) {
  emulator::wait_until([=] { return *flag == value; }, "a flag in global memory");
}

/// A flag as it is now, without order with other memory. Others have their turn before.
inline unsigned look_at(const unsigned* flag) {
  emulator::wait_until([] { return true; }, "another look at a flag");
  return *flag;
}

/// A clock of the multiprocessor, in its cycles: here it goes on with every look at it.
inline std::uint64_t clock_cycles() {
  static thread_local std::uint64_t cycles = 0;
  return cycles += 8;
}

/// Two words of data, each with the epoch that they were sent in, as one store of 16 bytes. Each
/// half arrives as a whole, and a reader waits for its epoch instead of a flag: no fence is needed.
/// Source: the LL protocol of NCCL.
inline void send_packets(Words4* to, std::uint32_t first, std::uint32_t second,
                         std::uint32_t epoch) {
  if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0)
    emulator::fail("packets that are not at a multiple of 16 bytes");
  *to = {first, epoch, second, epoch};
}
/// Waits until both words of an epoch are there.
inline void receive_packets(const Words4* from, std::uint32_t epoch, std::uint32_t& first,
                            std::uint32_t& second) {
  emulator::wait_until([=] { return from->y == epoch && from->w == epoch; }, "packets of a peer");
  first = from->x;
  second = from->z;
}

// ---- programmatic dependent launch
// ---------------------------------------------------------------

/// Before the first read of what the kernel before wrote.
inline void wait_for_previous_kernel() {}
/// The next kernel may begin.
inline void release_next_kernel() {}

}  // namespace helixsim::kernels
