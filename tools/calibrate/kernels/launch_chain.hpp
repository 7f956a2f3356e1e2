#pragma once

#include "tools/calibrate/kernels/device.hpp"

namespace helixsim::kernels {

/// A kernel that does nothing but count: what a launch costs.
struct LaunchChain {
  unsigned* counter = nullptr;
};

/// Launch: a warp a block, any grid and shared memory. Adds 1 a launch.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kWarpThreads, 1) launch_chain(LaunchChain p) {
  wait_for_previous_kernel();
  release_next_kernel();
  if (block_x() == 0 && thread_index() == 0) *p.counter += 1;
}

}  // namespace helixsim::kernels
