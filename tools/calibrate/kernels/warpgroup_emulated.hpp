#pragma once

#include <cstdint>
#include <cstring>

#include "tools/calibrate/kernels/device_emulated.hpp"

/// Matrix products of a warpgroup, that is of four warps: wgmma.mma_async of sm_90a, BF16 with FP32
/// sums. They run asynchronously: sums and what is in shared memory may be touched again only after
/// a wait for their group (of A, a warp's own rows after its own wait: its sums need no others).
/// The emulator runs them at once or, where work is late, only in that wait.
///
/// Source of layouts: PTX ISA 9.0, "Asynchronous Warpgroup Level Matrix Multiply-Accumulate
/// Instructions": register fragments, canonical layouts, matrix descriptor format. Positions of
/// sums and of A in registers are those of mma m16n8k16, a warp has 16 of the 64 rows.
namespace helixsim::kernels {

inline constexpr unsigned kWarpgroupThreads = 128;
/// Whether this is compiled for what has these instructions; a kernel for them is empty elsewhere.
inline constexpr bool kHasWarpgroupMatrices = true;

inline unsigned warpgroup_index() {
  return thread_index() / kWarpgroupThreads;
}

/// A matrix in shared memory with the 128-byte swizzle: rows of 128 bytes, eight of which make a
/// pattern of 1024 bytes at a multiple of 1024; the piece of 16 bytes that lies at address a is
/// found at a ^ (a / 128 % 8 * 16). Bits: 0-13 start / 16, 16-29 `leading` / 16, 32-45 `stride` /
/// 16, 49-51 the base offset (0), 62-63 the swizzle (1: 128 bytes).
using MatrixDescriptor = std::uint64_t;

/// Numbers along k side by side (K-major): element (row, k) at row / 8 * `stride` + row % 8 * 128 +
/// k * 2, and `leading` is not used. Numbers along n side by side (MN-major): element (n, k) at n /
/// 64 * `leading` + n % 64 * 2 + k / 8 * `stride` + k % 8 * 128. All of it before the swizzle,
/// which goes by addresses: `start` may lie within a row.
inline MatrixDescriptor describe_matrix(const void* start, unsigned leading, unsigned stride) {
  const auto at = static_cast<const std::byte*>(start) - emulator::shared_memory().data();
  if (at % 16 != 0) emulator::fail("a matrix that is not at a multiple of 16 bytes");
  return (static_cast<std::uint64_t>(at) & 0x3FFFFu) >> 4 |
         std::uint64_t{(leading & 0x3FFFFu) >> 4} << 16 |
         std::uint64_t{(stride & 0x3FFFFu) >> 4} << 32 | std::uint64_t{1} << 62;
}
/// The same matrix `bytes` further on.
inline MatrixDescriptor moved(MatrixDescriptor matrix, unsigned bytes) {
  return matrix + (bytes >> 4);
}

namespace emulated {

class SwizzledMatrix {
 public:
  SwizzledMatrix(MatrixDescriptor bits, bool k_major)
      : memory_(emulator::shared_memory()),
        start_(static_cast<unsigned>(bits & 0x3FFFu) << 4),
        leading_(static_cast<unsigned>(bits >> 16 & 0x3FFFu) << 4),
        stride_(static_cast<unsigned>(bits >> 32 & 0x3FFFu) << 4),
        k_major_(k_major) {
    if (bits >> 46 != std::uint64_t{1} << 16)
      emulator::fail("only matrices with the 128-byte swizzle are emulated");
    if (start_ % (k_major ? 32 : 1024) != 0)
      emulator::fail("a matrix that begins in the midst of a pattern");
  }
  [[nodiscard]] float at(unsigned row, unsigned k) const {
    const unsigned place =
        start_ + (k_major_ ? row / 8 * stride_ + row % 8 * 128 + k * 2
                           : row / 64 * leading_ + row % 64 * 2 + k / 8 * stride_ + k % 8 * 128);
    const unsigned swizzled = place ^ (place / 128 % 8 * 16);
    if (swizzled + 2 > memory_.size()) emulator::fail("a matrix that reaches out of shared memory");
    Bf16 number;
    std::memcpy(&number, memory_.data() + swizzled, sizeof(number));
    return to_float(number);
  }

 private:
  std::span<std::byte> memory_;
  unsigned start_, leading_, stride_;
  bool k_major_;
};

/// Rows of A that a lane's sums are in: lane / 4 of its warp's 16, and that + 8.
struct TwoRows {
  float numbers[2][16];
};

inline TwoRows rows_in_memory(MatrixDescriptor a) {
  const SwizzledMatrix matrix(a, true);
  const unsigned row = warp_index() % 4 * 16 + lane_index() / 4;
  TwoRows rows;
  for (unsigned half = 0; half < 2; ++half) {
    for (unsigned k = 0; k < 16; ++k) rows.numbers[half][k] = matrix.at(row + half * 8, k);
  }
  return rows;
}

/// Sums of a lane, of `columns` columns: sums[4 j + 2 half + i] is of column 8 j + lane % 4 * 2 +
/// i.
inline void add_products(float* sums, unsigned columns, const TwoRows& a, MatrixDescriptor b,
                         bool k_major, bool keep) {
  const SwizzledMatrix matrix(b, k_major);
  for (unsigned j = 0; j < columns / 8; ++j) {
    for (unsigned i = 0; i < 2; ++i) {
      const unsigned column = 8 * j + lane_index() % 4 * 2 + i;
      float* const mine = sums + 4 * j + i;
      if (!keep) mine[0] = mine[2] = 0.0f;
      for (unsigned k = 0; k < 16; ++k) {
        const float number = matrix.at(column, k);
        mine[0] += a.numbers[0][k] * number;
        mine[2] += a.numbers[1][k] * number;
      }
    }
  }
}

struct ProductOperands {
  std::uint32_t a[4];
  MatrixDescriptor described[2];
};

/// What all lanes hand over; they must describe the same matrices.
inline emulator::Exchanged meet_for_product(const ProductOperands& mine) {
  const auto all = emulator::exchange("begin_product", &mine, sizeof(mine));
  const auto first = all.of<ProductOperands>(0);
  if (first.described[0] != mine.described[0] || first.described[1] != mine.described[1])
    emulator::fail("lanes of a warp that multiply different matrices");
  return all;
}

}  // namespace emulated

/// wgmma.fence: before the first product, and again between other uses of the sums and a product.
inline void fence_products() {
  emulator::fence_work();
}
/// fence.proxy.async: what this thread wrote to shared memory, or has waited for, is seen by
/// products that begin later.
inline void fence_operands() {}

/// m64n64k16: sums (+)= a b; both K-major. The sums so far count where `keep` is set.
inline void begin_product(float (&sums)[32], MatrixDescriptor a, MatrixDescriptor b, bool keep) {
  emulated::meet_for_product({.a = {}, .described = {a, b}});
  emulator::begin_work([&sums, a, b, keep] {
    emulated::add_products(sums, 64, emulated::rows_in_memory(a), b, true, keep);
  });
}
/// m64n256k16: sums += a b; a K-major, b MN-major.
inline void begin_product(float (&sums)[128], MatrixDescriptor a, MatrixDescriptor b) {
  emulated::meet_for_product({.a = {}, .described = {a, b}});
  emulator::begin_work([&sums, a, b] {
    emulated::add_products(sums, 256, emulated::rows_in_memory(a), b, false, true);
  });
}
/// The same with a in registers, as in multiply_add: rows 0-7 and 8-15 of k 0-7, then of k 8-15.
inline void begin_product(float (&sums)[128], const std::uint32_t (&a)[4], MatrixDescriptor b) {
  emulated::ProductOperands mine{.a = {}, .described = {b, b}};
  std::memcpy(mine.a, a, sizeof(mine.a));
  const auto all = emulated::meet_for_product(mine);
  emulated::TwoRows rows;
  for (unsigned half = 0; half < 2; ++half) {
    for (unsigned k = 0; k < 16; ++k) {
      const auto lane = all.of<emulated::ProductOperands>(lane_index() / 4 * 4 + k % 8 / 2);
      rows.numbers[half][k] = emulated::bf16_at(lane.a[k / 8 * 2 + half], k % 2);
    }
  }
  emulator::begin_work(
      [&sums, rows, b] { emulated::add_products(sums, 256, rows, b, false, true); });
}

/// wgmma.commit_group: the products begun since the last one are a group, perhaps an empty one.
inline void commit_products() {
  emulator::commit_work();
}
/// wgmma.wait_group: until at most the last `kPending` groups are not done, of the whole warp.
/// Nothing that comes after uses `sums` before it.
template <unsigned kPending, unsigned kSums>
void wait_products([[maybe_unused]] float (&sums)[kSums]) {
  emulator::wait_for_work(kPending);
  const char nothing = 0;
  emulator::exchange("wait_products", &nothing, 1);
}

/// setmaxnreg: registers of each thread of this warpgroup, more or fewer; a multiple of 8.
template <unsigned kRegisters>
void take_registers() {
  static_assert(kRegisters % 8 == 0 && kRegisters >= 24 && kRegisters <= 256);
}
template <unsigned kRegisters>
void give_registers() {
  static_assert(kRegisters % 8 == 0 && kRegisters >= 24 && kRegisters <= 256);
}

/// cp.async of 16 bytes from global to shared memory.
inline void copy_async(void* to, const void* from) {
  if ((reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from)) % 16 != 0)
    emulator::fail("an asynchronous copy that is not at a multiple of 16 bytes");
  emulator::copy_later(to, from, 16, [] {});
}
/// cp.async.mbarrier.arrive.noinc: one arrival when this thread's copies so far have come.
inline void arrive_after_copies(CopyBarrier& barrier) {
  emulator::copy_later(&barrier, &barrier, 0, [&barrier] { emulated::change(barrier, 1, 0); });
}

}  // namespace helixsim::kernels
