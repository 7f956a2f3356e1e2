#pragma once

#include <cstdint>
#include <vector>

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// One thread follows a cycle of lines, each load after the one before: what a load takes to come
/// back from L2 or HBM.
struct PointerChase {
  const std::uint32_t* lines = nullptr;  ///< [line, kChaseWords]: the first word is the next line
  std::uint32_t* last = nullptr;         ///< the line that was reached
  std::uint32_t first = 0;
  unsigned steps = 0;
};

inline constexpr unsigned kChaseWords = 32;  ///< of 4 bytes: a line of 128

/// Launch: one block of a warp.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kWarpThreads, 1) pointer_chase(PointerChase p) {
  wait_for_previous_kernel();
  if (thread_index() != 0) return;
  std::uint32_t line = p.first;
  for (unsigned i = 0; i < p.steps; ++i)
    line = load_streaming(p.lines + std::size_t{line} * kChaseWords);
  *p.last = line;
}

/// The next line of each of `count`, all of them in one cycle without an order that a prefetcher
/// could guess. By Sattolo's algorithm from a seed.
inline std::vector<std::uint32_t> random_cycle(std::uint32_t count, std::uint64_t seed) {
  std::vector<std::uint32_t> next(count);
  for (std::uint32_t i = 0; i < count; ++i) next[i] = i;
  std::uint64_t state = seed * 2 + 1;
  for (std::uint32_t i = count; i > 1; --i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto other = static_cast<std::uint32_t>((state >> 33) % (i - 1));
    const std::uint32_t held = next[i - 1];
    next[i - 1] = next[other];
    next[other] = held;
  }
  return next;
}

}  // namespace helixsim::kernels
