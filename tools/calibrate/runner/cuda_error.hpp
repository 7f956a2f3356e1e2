#pragma once

#include <cuda_runtime.h>

#include <stdexcept>

namespace helixsim {

/// A call of CUDA that failed.
class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws CudaError with the call and its reason.
void check_cuda(cudaError_t status, const char* call);

#define HELIXSIM_CUDA_CALL(call) ::helixsim::check_cuda((call), #call)

}  // namespace helixsim
