#pragma once

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// Reads, copies or writes memory as fast as loads and stores of 16 bytes go. Any number of blocks
/// does: each thread goes through the array in strides of the grid, eight words at once.
struct Stream {
  const Words4* from = nullptr;
  Words4* to = nullptr;
  std::size_t words = 0;               ///< of 16 bytes
  std::uint32_t* checksums = nullptr;  ///< of stream_read: XOR of what each warp has read
};

inline constexpr unsigned kStreamThreads = 256;
inline constexpr unsigned kStreamAtOnce = 8;  ///< loads in flight a thread

HELIXSIM_DEVICE std::uint32_t xor_of(const Words4& words) {
  return words.x ^ words.y ^ words.z ^ words.w;
}

/// Writes the XOR of what the warp's lanes have.
HELIXSIM_DEVICE void store_checksum(std::uint32_t* checksums, std::uint32_t mine) {
  for (unsigned mask = kWarpThreads / 2; mask > 0; mask /= 2) mine ^= shuffle_xor(mine, mask);
  const unsigned warps = block_threads() / kWarpThreads;
  if (lane_index() == 0) checksums[block_x() * warps + warp_index()] = mine;
}

/// `use(place)` for every word that this thread goes through, kStreamAtOnce of them without a
/// dependence.
template <class UseMany, class Use>
HELIXSIM_DEVICE void for_each_word(std::size_t words, UseMany&& use_many, Use&& use) {
  const std::size_t stride = std::size_t{grid_x()} * block_threads();
  std::size_t place = std::size_t{block_x()} * block_threads() + thread_index();
  for (; place + (kStreamAtOnce - 1) * stride < words; place += kStreamAtOnce * stride)
    use_many(place, stride);
  for (; place < words; place += stride) use(place);
}

/// Launch: kStreamThreads threads, any grid. Writes one checksum a warp.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kStreamThreads, 4) stream_read(Stream p) {
  wait_for_previous_kernel();
  std::uint32_t sum = 0;
  for_each_word(
      p.words,
      [&](std::size_t place, std::size_t stride) {
        Words4 words[kStreamAtOnce];
        HELIXSIM_UNROLL
        for (unsigned i = 0; i < kStreamAtOnce; ++i)
          words[i] = load_streaming(p.from + place + i * stride);
        HELIXSIM_UNROLL
        for (unsigned i = 0; i < kStreamAtOnce; ++i) sum ^= xor_of(words[i]);
      },
      [&](std::size_t place) { sum ^= xor_of(load_streaming(p.from + place)); });
  store_checksum(p.checksums, sum);
}

/// Launch: kStreamThreads threads, any grid.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kStreamThreads, 4) stream_copy(Stream p) {
  wait_for_previous_kernel();
  for_each_word(
      p.words,
      [&](std::size_t place, std::size_t stride) {
        Words4 words[kStreamAtOnce];
        HELIXSIM_UNROLL
        for (unsigned i = 0; i < kStreamAtOnce; ++i)
          words[i] = load_streaming(p.from + place + i * stride);
        HELIXSIM_UNROLL
        for (unsigned i = 0; i < kStreamAtOnce; ++i)
          store_streaming(p.to + place + i * stride, words[i]);
      },
      [&](std::size_t place) { store_streaming(p.to + place, load_streaming(p.from + place)); });
}

/// Writes each word's place. Launch: kStreamThreads threads, any grid.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kStreamThreads, 4) stream_write(Stream p) {
  wait_for_previous_kernel();
  const auto value_at = [](std::size_t place) {
    const auto low = static_cast<std::uint32_t>(place);
    return Words4{low, ~low, low * 3u, static_cast<std::uint32_t>(place >> 32)};
  };
  const auto write = [&](std::size_t place) { store_streaming(p.to + place, value_at(place)); };
  for_each_word(
      p.words,
      [&](std::size_t place, std::size_t stride) {
        HELIXSIM_UNROLL
        for (unsigned i = 0; i < kStreamAtOnce; ++i) write(place + i * stride);
      },
      write);
}

inline constexpr unsigned kBulkChunkBytes = 8192;
inline constexpr unsigned kBulkStages = 8;

struct BulkShared {
  unsigned char chunks[kBulkStages][kBulkChunkBytes];
  CopyBarrier full[kBulkStages];
};

/// stream_read by bulk copies through a ring in shared memory: a chunk in flight costs no register.
/// Launch: kStreamThreads threads, sizeof(BulkShared) shared, any grid.
/// Needs: `words` a multiple of kBulkChunkBytes / 16.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kStreamThreads, 3) stream_read_bulk(Stream p) {
  constexpr unsigned kWords = kBulkChunkBytes / sizeof(Words4);
  auto& shared = shared_as<BulkShared>();
  if (thread_index() == 0) {
    for (CopyBarrier& barrier : shared.full) init_barrier(barrier, 1);
    fence_barrier_init();
  }
  block_barrier();
  wait_for_previous_kernel();
  const std::size_t chunks = p.words / kWords;
  const auto bring = [&](std::size_t turn) {
    const std::size_t chunk = block_x() + turn * grid_x();
    if (thread_index() != 0 || chunk >= chunks) return;
    CopyBarrier& full = shared.full[turn % kBulkStages];
    arrive_expecting(full, kBulkChunkBytes);
    bulk_copy(shared.chunks[turn % kBulkStages], p.from + chunk * kWords, kBulkChunkBytes, full);
  };
  for (std::size_t turn = 0; turn < kBulkStages; ++turn) bring(turn);
  std::uint32_t sum = 0;
  for (std::size_t turn = 0; block_x() + turn * grid_x() < chunks; ++turn) {
    const unsigned stage = static_cast<unsigned>(turn % kBulkStages);
    wait(shared.full[stage], static_cast<unsigned>(turn / kBulkStages % 2));
    const auto* words = reinterpret_cast<const Words4*>(shared.chunks[stage]);
    for (unsigned i = thread_index(); i < kWords; i += kStreamThreads) sum ^= xor_of(words[i]);
    block_barrier();
    fence_bulk_copies();
    bring(turn + kBulkStages);
  }
  store_checksum(p.checksums, sum);
}

}  // namespace helixsim::kernels
