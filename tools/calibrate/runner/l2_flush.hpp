#pragma once

#include "tools/calibrate/runner/device_memory.hpp"

namespace helixsim {

/// Fills L2 with clean lines of a buffer twice as large, which is read: lines that were written
/// would be written back while the next kernel is timed.
class L2Flush {
 public:
  /// `l2_bytes` 0: does nothing.
  explicit L2Flush(std::size_t l2_bytes);
  void enqueue(cudaStream_t stream) const;

 private:
  DeviceArray<float> buffer_;
  DeviceArray<std::uint32_t> checksums_;
};

}  // namespace helixsim
