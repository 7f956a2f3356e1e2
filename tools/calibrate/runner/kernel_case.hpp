#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <span>
#include <string_view>

#include "tools/calibrate/harness/gpu_bench.hpp"

namespace helixsim {

/// A kernel at one shape with several sets of buffers.
class KernelCase {
 public:
  virtual ~KernelCase() = default;
  /// Launches the kernel on buffers `set`.
  virtual void enqueue(cudaStream_t stream, int set) = 0;
  /// Poisons the outputs of set 0 and runs on it, then compares with FP64.
  virtual CheckResult check() = 0;
};

/// How to make the case of a cell.
struct KernelCaseEntry {
  std::string_view kernel;
  std::string_view variant;
  /// Errors: CudaError; std::invalid_argument for a shape that the kernel does not take.
  std::unique_ptr<KernelCase> (*make)(const Cell& cell, int sets);
};
std::span<const KernelCaseEntry> kernel_cases();

/// A number of the cell's shape. Errors: std::invalid_argument when it has none.
int shape_of(const Cell& cell, const char* name);

/// Multiprocessors of the GPU in use.
unsigned gpu_multiprocessors();

/// An attribute that kernels with much shared memory need before their first launch.
void allow_shared_memory(const void* kernel, std::size_t bytes);

/// Launches `kernel` with its parameters, so that it may begin before the one before it has ended
/// when `programmatic` is set (it waits by itself where it must).
void launch_kernel(const void* kernel, dim3 grid, unsigned threads, std::size_t shared_bytes,
                   cudaStream_t stream, void* parameters, bool programmatic = false);

}  // namespace helixsim
