#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "tools/calibrate/runner/cuda_error.hpp"

namespace helixsim {

/// An array in the GPU's memory.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t count) : count_(count) {
    if (count == 0) return;
    HELIXSIM_CUDA_CALL(cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(T)));
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) { write(values); }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~DeviceArray() { cudaFree(data_); }

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return count_ * sizeof(T); }

  /// Every byte 0xFF: NaN in every floating format.
  void poison() { HELIXSIM_CUDA_CALL(cudaMemset(data_, 0xFF, bytes())); }
  void clear() { HELIXSIM_CUDA_CALL(cudaMemset(data_, 0, bytes())); }
  /// Contract: as many as the array has.
  void write(const std::vector<T>& values) {
    HELIXSIM_CUDA_CALL(cudaMemcpy(data_, values.data(), bytes(), cudaMemcpyHostToDevice));
  }
  /// `count` numbers from `first` on, in the host's memory.
  [[nodiscard]] std::vector<T> read(std::size_t first, std::size_t count) const {
    std::vector<T> values(count);
    HELIXSIM_CUDA_CALL(
        cudaMemcpy(values.data(), data_ + first, count * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }
  [[nodiscard]] std::vector<T> read() const { return read(0, count_); }
  /// `use(numbers)` for the first `count` numbers, in pieces: gigabytes are not held at once.
  template <class Use>
  void for_each_piece(std::size_t count, Use&& use) const {
    constexpr std::size_t kPiece = (std::size_t{16} << 20) / sizeof(T);
    std::vector<T> piece(count < kPiece ? count : kPiece);
    for (std::size_t first = 0; first < count; first += piece.size()) {
      if (count - first < piece.size()) piece.resize(count - first);
      HELIXSIM_CUDA_CALL(cudaMemcpy(piece.data(), data_ + first, piece.size() * sizeof(T),
                                    cudaMemcpyDeviceToHost));
      use(first, piece);
    }
  }

 private:
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace helixsim
