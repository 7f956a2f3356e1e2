#pragma once

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// Counts the epochs of an exchange in a rank's own memory, so that a graph that is launched again
/// goes on with the next one. Both 0 before the first launch.
struct Epochs {
  unsigned* last = nullptr;     ///< that has ended; null: whoever launches says which epoch it is
  unsigned* arrived = nullptr;  ///< blocks of this launch that have ended

  [[nodiscard]] HELIXSIM_DEVICE std::uint32_t begin(std::uint32_t given) const {
    return last == nullptr ? given : load_uncached(last) + 1;
  }
  /// Called by all threads of every block when they have done with the epoch.
  HELIXSIM_DEVICE void end(std::uint32_t epoch) const {
    if (last == nullptr) return;
    block_barrier();  // all threads have read the epoch
    if (thread_index() != 0 || atomic_add(arrived, 1) != grid_x() - 1) return;
    *arrived = 0;
    *last = epoch;
  }
};

}  // namespace helixsim::kernels
