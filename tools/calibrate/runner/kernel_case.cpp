#include "tools/calibrate/runner/kernel_case.hpp"

#include <map>
#include <stdexcept>

#include "tools/calibrate/runner/cuda_error.hpp"

namespace helixsim {

int shape_of(const Cell& cell, const char* name) {
  const auto found = cell.key.shape.find(name);
  if (found == cell.key.shape.end())
    throw std::invalid_argument(cell.key.text() + " has no " + name);
  return static_cast<int>(found->second);
}

unsigned gpu_multiprocessors() {
  int device = 0;
  int count = 0;
  HELIXSIM_CUDA_CALL(cudaGetDevice(&device));
  HELIXSIM_CUDA_CALL(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device));
  return static_cast<unsigned>(count);
}

/// Graphs of other cells may hold launches with more: the limit is never lowered.
void allow_shared_memory(const void* kernel, std::size_t bytes) {
  static std::map<const void*, std::size_t> allowed;
  std::size_t& most = allowed[kernel];
  if (bytes <= most) return;
  most = bytes;
  HELIXSIM_CUDA_CALL(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                          static_cast<int>(bytes)));
}

void launch_kernel(const void* kernel, dim3 grid, unsigned threads, std::size_t shared_bytes,
                   cudaStream_t stream, void* parameters, bool programmatic) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  cudaLaunchAttribute early{};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  if (programmatic) {
    config.attrs = &early;
    config.numAttrs = 1;
  }
  void* arguments[] = {parameters};
  HELIXSIM_CUDA_CALL(cudaLaunchKernelExC(&config, kernel, arguments));
}

}  // namespace helixsim
