#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <string>

namespace helixsim {

/// The functions of NCCL that are used, and its constants, as in its reference; loaded when first
/// asked for, so that neither the library nor its header has to be there.
struct Nccl {
  using Comm = void*;
  static constexpr int kSum = 0;
  static constexpr int kInt8 = 0;
  static constexpr int kBf16 = 9;

  int (*version)(int*) = nullptr;
  int (*comm_init_all)(Comm*, int, const int*) = nullptr;
  int (*comm_destroy)(Comm) = nullptr;
  int (*group_start)() = nullptr;
  int (*group_end)() = nullptr;
  int (*all_reduce)(const void*, void*, std::size_t, int, int, Comm, cudaStream_t) = nullptr;
  int (*all_gather)(const void*, void*, std::size_t, int, Comm, cudaStream_t) = nullptr;
  int (*send)(const void*, std::size_t, int, int, Comm, cudaStream_t) = nullptr;
  int (*receive)(void*, std::size_t, int, int, Comm, cudaStream_t) = nullptr;
  const char* (*error_text)(int) = nullptr;

  /// Null where the library is not there.
  static const Nccl* get();
  /// Throws CudaError with the call and its reason.
  void check(int status, const char* call) const;
};

}  // namespace helixsim
