#pragma once

#include <functional>
#include <vector>

#include "tools/calibrate/runner/cuda_error.hpp"

namespace helixsim {

/// Launches captured into one CUDA graph, timed by events around a launch of the graph.
class LaunchGraph {
 public:
  /// `enqueue(stream, i)` for i = 0 .. count - 1 is captured.
  LaunchGraph(int count, const std::function<void(cudaStream_t, int)>& enqueue);
  LaunchGraph(const LaunchGraph&) = delete;
  LaunchGraph& operator=(const LaunchGraph&) = delete;
  ~LaunchGraph();

  /// Seconds of one launch. Waits for it. `before(stream)` is enqueued ahead of it and not timed.
  double launch(const std::function<void(cudaStream_t)>& before = {});

 private:
  void capture(int count, const std::function<void(cudaStream_t, int)>& enqueue);
  void destroy();

  cudaStream_t stream_ = nullptr;
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

}  // namespace helixsim
