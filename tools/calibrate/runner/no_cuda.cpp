#include "tools/calibrate/runner/open_gpu.hpp"

namespace helixsim {

std::unique_ptr<GpuBench> open_gpu(std::string& why) {
  why =
      "this program was built without CUDA; build it where nvcc 12.9 or later is on the PATH "
      "(cmake -DHELIXSIM_CUDA=ON says what is missing)";
  return nullptr;
}

}  // namespace helixsim
