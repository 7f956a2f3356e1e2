#pragma once

#include "tools/calibrate/runner/cuda_error.hpp"
#include "tools/calibrate/runner/kernel_case.hpp"

namespace helixsim {

/// A stream that waits for no other.
class OwnStream {
 public:
  OwnStream() { HELIXSIM_CUDA_CALL(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;
  ~OwnStream() { cudaStreamDestroy(stream_); }
  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// Runs a case once on a stream of its own, for a check: `synchronise()` waits for all GPUs that
/// take part.
template <class Synchronise>
void run_apart(KernelCase& kernel, Synchronise&& synchronise) {
  synchronise();  // outputs are poisoned
  const OwnStream stream;
  kernel.enqueue(stream.get(), 0);
  synchronise();
}
inline void run_apart(KernelCase& kernel) {
  run_apart(kernel, [] { HELIXSIM_CUDA_CALL(cudaDeviceSynchronize()); });
}

/// A second stream that runs beside a first one, also within a graph that is captured from it.
class SideStream {
 public:
  SideStream() {
    HELIXSIM_CUDA_CALL(cudaEventCreateWithFlags(&forked_, cudaEventDisableTiming));
    HELIXSIM_CUDA_CALL(cudaEventCreateWithFlags(&joined_, cudaEventDisableTiming));
  }
  SideStream(const SideStream&) = delete;
  SideStream& operator=(const SideStream&) = delete;
  ~SideStream() {
    cudaEventDestroy(forked_);
    cudaEventDestroy(joined_);
  }
  /// What comes on the side stream waits for all so far on `main`.
  void fork(cudaStream_t main) {
    HELIXSIM_CUDA_CALL(cudaEventRecord(forked_, main));
    HELIXSIM_CUDA_CALL(cudaStreamWaitEvent(side_.get(), forked_));
  }
  /// What comes on `main` waits for all so far on the side stream.
  void join(cudaStream_t main) {
    HELIXSIM_CUDA_CALL(cudaEventRecord(joined_, side_.get()));
    HELIXSIM_CUDA_CALL(cudaStreamWaitEvent(main, joined_));
  }
  [[nodiscard]] cudaStream_t stream() const { return side_.get(); }

 private:
  OwnStream side_;
  cudaEvent_t forked_ = nullptr;
  cudaEvent_t joined_ = nullptr;
};

}  // namespace helixsim
