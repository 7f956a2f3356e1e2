#include "tools/calibrate/runner/launch_graph.hpp"

namespace helixsim {

LaunchGraph::LaunchGraph(int count, const std::function<void(cudaStream_t, int)>& enqueue) {
  try {
    HELIXSIM_CUDA_CALL(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    HELIXSIM_CUDA_CALL(cudaEventCreate(&begin_));
    HELIXSIM_CUDA_CALL(cudaEventCreate(&end_));
    capture(count, enqueue);
    HELIXSIM_CUDA_CALL(cudaGraphInstantiate(&executable_, graph_, 0));
    HELIXSIM_CUDA_CALL(cudaGraphUpload(executable_, stream_));
    HELIXSIM_CUDA_CALL(cudaStreamSynchronize(stream_));
  } catch (...) {
    destroy();
    throw;
  }
}

/// Ends the capture whatever happens in it: a thread that is left capturing can allocate nothing.
void LaunchGraph::capture(int count, const std::function<void(cudaStream_t, int)>& enqueue) {
  HELIXSIM_CUDA_CALL(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  try {
    for (int i = 0; i < count; ++i) enqueue(stream_, i);
  } catch (...) {
    cudaStreamEndCapture(stream_, &graph_);
    cudaGetLastError();
    throw;
  }
  HELIXSIM_CUDA_CALL(cudaStreamEndCapture(stream_, &graph_));
}

LaunchGraph::~LaunchGraph() {
  destroy();
}

void LaunchGraph::destroy() {
  if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
  if (graph_ != nullptr) cudaGraphDestroy(graph_);
  if (begin_ != nullptr) cudaEventDestroy(begin_);
  if (end_ != nullptr) cudaEventDestroy(end_);
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

double LaunchGraph::launch(const std::function<void(cudaStream_t)>& before) {
  if (before) before(stream_);
  HELIXSIM_CUDA_CALL(cudaEventRecord(begin_, stream_));
  HELIXSIM_CUDA_CALL(cudaGraphLaunch(executable_, stream_));
  HELIXSIM_CUDA_CALL(cudaEventRecord(end_, stream_));
  HELIXSIM_CUDA_CALL(cudaEventSynchronize(end_));
  float milliseconds = 0.0f;
  HELIXSIM_CUDA_CALL(cudaEventElapsedTime(&milliseconds, begin_, end_));
  return 1e-3 * static_cast<double>(milliseconds);
}

}  // namespace helixsim
