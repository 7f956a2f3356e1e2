#pragma once

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// A copy at a given rate, to run beside another kernel: each block copies chunks of kThrottleWords
/// and waits until `cycles` have gone by since the one before began. With `stop` it copies the same
/// words again and again until that is 1, at most `most_cycles`; with no words it only waits.
struct ThrottledCopy {
  const Words4* from = nullptr;
  Words4* to = nullptr;
  std::size_t words = 0;  ///< of 16 bytes
  std::uint64_t cycles = 0;
  const unsigned* stop = nullptr;
  std::uint64_t most_cycles = ~std::uint64_t{0};
};

inline constexpr unsigned kThrottleThreads = 256;
inline constexpr unsigned kThrottleWords = 4 * kThrottleThreads;  ///< 16 KB a chunk

/// Cycles between chunks of a block so that all blocks together copy `bytes_per_second`.
inline std::uint64_t cycles_between_chunks(double bytes_per_second, unsigned blocks,
                                           double clock_hz) {
  const double chunk = double{kThrottleWords} * sizeof(Words4);
  return static_cast<std::uint64_t>(chunk * blocks / bytes_per_second * clock_hz);
}

/// Launch: kThrottleThreads threads, as many blocks as SMs may be taken.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kThrottleThreads, 1) throttled_copy(ThrottledCopy p) {
  wait_for_previous_kernel();
  const std::size_t chunks = (p.words + kThrottleWords - 1) / kThrottleWords;
  const std::uint64_t start = clock_cycles();
  for (std::size_t chunk = block_x(); p.stop != nullptr || chunk < chunks; chunk += grid_x()) {
    const std::uint64_t begin = clock_cycles();
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < kThrottleWords / kThrottleThreads; ++i) {
      const std::size_t in_chunk = std::size_t{i} * kThrottleThreads + thread_index();
      const std::size_t place = (chunks > 0 ? chunk % chunks : 0) * kThrottleWords + in_chunk;
      if (place < p.words) store_streaming(p.to + place, load_streaming(p.from + place));
    }
    while (clock_cycles() - begin < p.cycles) {
    }
    if (p.stop == nullptr) continue;
    if (look_at(p.stop) == 1 || clock_cycles() - start > p.most_cycles) return;
  }
}

}  // namespace helixsim::kernels
