#include "tools/calibrate/runner/cuda_error.hpp"

#include <fmt/format.h>

namespace helixsim {

void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  throw CudaError(fmt::format("{}: {}", call, cudaGetErrorString(status)), status);
}

}  // namespace helixsim
