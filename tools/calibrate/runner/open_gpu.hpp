#pragma once

#include <memory>
#include <string>

#include "tools/calibrate/harness/gpu_bench.hpp"

namespace helixsim {

/// The first GPU of this machine; null, with the reason in `why`, where there is none that runs the
/// kernels (compute capability 9.0 or later), and where the program was built without CUDA.
std::unique_ptr<GpuBench> open_gpu(std::string& why);

}  // namespace helixsim
