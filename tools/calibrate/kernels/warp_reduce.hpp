#pragma once

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// Sum over all lanes of the warp, the same bits in each.
HELIXSIM_DEVICE float warp_sum(float value) {
  for (unsigned mask = kWarpThreads / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}
HELIXSIM_DEVICE float warp_max(float value) {
  for (unsigned mask = kWarpThreads / 2; mask > 0; mask /= 2) {
    const float other = shuffle_xor(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

}  // namespace helixsim::kernels
