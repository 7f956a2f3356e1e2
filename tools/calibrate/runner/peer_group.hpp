#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tools/calibrate/runner/cuda_error.hpp"

namespace helixsim {

/// Makes a GPU the current one for a while.
class OnGpu {
 public:
  explicit OnGpu(int gpu) {
    HELIXSIM_CUDA_CALL(cudaGetDevice(&before_));
    HELIXSIM_CUDA_CALL(cudaSetDevice(gpu));
  }
  OnGpu(const OnGpu&) = delete;
  OnGpu& operator=(const OnGpu&) = delete;
  ~OnGpu() { cudaSetDevice(before_); }

 private:
  int before_ = 0;
};

/// GPUs 0 .. ranks - 1 of this process, each of which reaches the memory of all others; each has a
/// stream that forks from one of GPU 0, also within a graph.
class PeerGroup {
 public:
  /// Errors: std::invalid_argument when there are fewer GPUs, or two that do not reach each other.
  explicit PeerGroup(int ranks) {
    int gpus = 0;
    HELIXSIM_CUDA_CALL(cudaGetDeviceCount(&gpus));
    if (ranks < 1 || ranks > gpus)
      throw std::invalid_argument("there are " + std::to_string(gpus) + " GPUs");
    for (int rank = 0; rank < ranks; ++rank) add(rank, ranks);
  }
  PeerGroup(const PeerGroup&) = delete;
  PeerGroup& operator=(const PeerGroup&) = delete;
  ~PeerGroup() {
    for (const Member& member : members_) {
      const OnGpu here(member.gpu);
      cudaEventDestroy(member.forked);
      cudaEventDestroy(member.joined);
      cudaStreamDestroy(member.stream);
    }
  }

  [[nodiscard]] int ranks() const { return static_cast<int>(members_.size()); }
  [[nodiscard]] cudaStream_t stream(int rank) const { return at(rank).stream; }

  /// `enqueue(rank)` on each GPU's stream, behind `main`, which waits for all of them.
  template <class Enqueue>
  void run_behind(cudaStream_t main, Enqueue&& enqueue) {
    HELIXSIM_CUDA_CALL(cudaEventRecord(at(0).forked, main));
    for (const Member& member : members_)
      HELIXSIM_CUDA_CALL(cudaStreamWaitEvent(member.stream, at(0).forked));
    enqueue();
    for (const Member& member : members_) {
      const OnGpu here(member.gpu);
      HELIXSIM_CUDA_CALL(cudaEventRecord(member.joined, member.stream));
    }
    for (const Member& member : members_)
      HELIXSIM_CUDA_CALL(cudaStreamWaitEvent(main, member.joined));
  }
  void synchronise() const {
    for (const Member& member : members_) {
      const OnGpu here(member.gpu);
      HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    }
  }

 private:
  struct Member {
    int gpu = 0;
    cudaStream_t stream = nullptr;
    cudaEvent_t forked = nullptr;
    cudaEvent_t joined = nullptr;
  };
  [[nodiscard]] const Member& at(int rank) const {
    return members_[static_cast<std::size_t>(rank)];
  }
  void add(int gpu, int ranks) {
    const OnGpu here(gpu);
    for (int peer = 0; peer < ranks; ++peer) {
      if (peer == gpu) continue;
      int reaches = 0;
      HELIXSIM_CUDA_CALL(cudaDeviceCanAccessPeer(&reaches, gpu, peer));
      if (reaches == 0)
        throw std::invalid_argument("GPU " + std::to_string(gpu) + " does not reach GPU " +
                                    std::to_string(peer));
      const cudaError_t status = cudaDeviceEnablePeerAccess(peer, 0);
      if (status == cudaErrorPeerAccessAlreadyEnabled) {
        cudaGetLastError();  // takes it back
      } else {
        check_cuda(status, "cudaDeviceEnablePeerAccess");
      }
    }
    Member member{.gpu = gpu};
    HELIXSIM_CUDA_CALL(cudaStreamCreateWithFlags(&member.stream, cudaStreamNonBlocking));
    HELIXSIM_CUDA_CALL(cudaEventCreateWithFlags(&member.forked, cudaEventDisableTiming));
    HELIXSIM_CUDA_CALL(cudaEventCreateWithFlags(&member.joined, cudaEventDisableTiming));
    members_.push_back(member);
  }

  std::vector<Member> members_;
};

}  // namespace helixsim
