#pragma once

#include "tools/calibrate/kernels/launches.hpp"
#include "tools/calibrate/runner/device_memory.hpp"
#include "tools/calibrate/runner/kernel_case.hpp"
#include "tools/calibrate/runner/random_fill.hpp"

namespace helixsim {

/// A GPU as launches.hpp and the blocks of a rank's layer ask for it: kernels go to a stream.
class GpuDevice {
 public:
  template <class T>
  using Array = DeviceArray<T>;

  explicit GpuDevice(cudaStream_t stream = nullptr) : stream_(stream) {}

  /// Where launches go from now on, and whether each may begin before the one before it has ended.
  void use(cudaStream_t stream, bool programmatic = false) {
    stream_ = stream;
    programmatic_ = programmatic;
    after_copy_ = true;
  }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] unsigned multiprocessors() const { return gpu_multiprocessors(); }

  template <class Call>
  void launch(void (*kernel)(Call), const kernels::LaunchDims& dims, Call call) {
    constexpr std::size_t kWithoutAsking = 48 * 1024;
    const auto* entry = reinterpret_cast<const void*>(kernel);
    if (dims.shared_bytes > kWithoutAsking) allow_shared_memory(entry, dims.shared_bytes);
    launch_kernel(entry, dim3(dims.x, dims.y, dims.z), dims.threads, dims.shared_bytes, stream_,
                  &call, programmatic_ && !after_copy_);
    after_copy_ = false;
  }
  /// By a copy engine or not, as the driver likes. The kernel behind it waits for its end.
  template <class T>
  void copy(T* to, const T* from, std::size_t count) {
    HELIXSIM_CUDA_CALL(
        cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice, stream_));
    after_copy_ = true;
  }

  template <class T>
  Array<T> array(std::size_t count) {
    return Array<T>(count);
  }
  template <class T>
  void write(Array<T>& array, const std::vector<T>& values) {
    array.write(values);
  }
  template <class T>
  void fill_normal(Array<T>& array, std::uint64_t seed, float scale) {
    helixsim::fill_normal(array.data(), array.size(), seed, scale);
  }

 private:
  cudaStream_t stream_;
  bool programmatic_ = false;
  bool after_copy_ = true;
};

}  // namespace helixsim
