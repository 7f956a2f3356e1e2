#include "tools/calibrate/runner/l2_flush.hpp"

#include "tools/calibrate/kernels/stream.hpp"
#include "tools/calibrate/runner/kernel_case.hpp"
#include "tools/calibrate/runner/random_fill.hpp"

namespace helixsim {
namespace {

constexpr unsigned kBlocks = 512;

}  // namespace

L2Flush::L2Flush(std::size_t l2_bytes)
    : buffer_(normal_array<float>(2 * l2_bytes / sizeof(float), 1)),
      checksums_(l2_bytes > 0 ? kBlocks * kernels::kStreamThreads / kernels::kWarpThreads : 0) {}

void L2Flush::enqueue(cudaStream_t stream) const {
  if (buffer_.size() == 0) return;
  kernels::Stream call{.from = reinterpret_cast<const kernels::Words4*>(buffer_.data()),
                       .to = nullptr,
                       .words = buffer_.size() / 4,
                       .checksums = checksums_.data()};
  launch_kernel(reinterpret_cast<const void*>(&kernels::stream_read), dim3(kBlocks),
                kernels::kStreamThreads, 0, stream, &call);
}

}  // namespace helixsim
