#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace helixsim {

/// A call of CUDA that failed.
class CudaError : public std::runtime_error {
 public:
  explicit CudaError(const std::string& text, cudaError_t status = cudaErrorUnknown)
      : std::runtime_error(text), status_(status) {}
  [[nodiscard]] bool for_memory() const { return status_ == cudaErrorMemoryAllocation; }

 private:
  cudaError_t status_;
};

/// Throws CudaError with the call and its reason.
void check_cuda(cudaError_t status, const char* call);

#define HELIXSIM_CUDA_CALL(call) ::helixsim::check_cuda((call), #call)

}  // namespace helixsim
