#include "tools/calibrate/runner/launch_graph.hpp"

namespace helixsim {

LaunchGraph::LaunchGraph(int count, const std::function<void(cudaStream_t, int)>& enqueue) {
  HELIXSIM_CUDA_CALL(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  HELIXSIM_CUDA_CALL(cudaEventCreate(&begin_));
  HELIXSIM_CUDA_CALL(cudaEventCreate(&end_));
  HELIXSIM_CUDA_CALL(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < count; ++i) enqueue(stream_, i);
  HELIXSIM_CUDA_CALL(cudaStreamEndCapture(stream_, &graph_));
  HELIXSIM_CUDA_CALL(cudaGraphInstantiate(&executable_, graph_, 0));
  HELIXSIM_CUDA_CALL(cudaGraphUpload(executable_, stream_));
  HELIXSIM_CUDA_CALL(cudaStreamSynchronize(stream_));
}

LaunchGraph::~LaunchGraph() {
  cudaGraphExecDestroy(executable_);
  cudaGraphDestroy(graph_);
  cudaEventDestroy(begin_);
  cudaEventDestroy(end_);
  cudaStreamDestroy(stream_);
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
