#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tools/calibrate/emulator/emulator.hpp"
#include "tools/calibrate/kernels/launches.hpp"

namespace helixsim {

/// A device of launches.hpp and linear.hpp that runs kernels at once, on the emulator. Memory
/// begins as NaN.
class EmulatedDevice {
 public:
  template <class T>
  class Array {
   public:
    explicit Array(std::size_t count = 0)
        : data_(std::make_unique<std::byte[]>(count * sizeof(T) + kAlign)), count_(count) {
      std::memset(data_.get(), 0xFF, count * sizeof(T) + kAlign);
    }
    [[nodiscard]] T* data() const {
      const auto address = reinterpret_cast<std::uintptr_t>(data_.get());
      return reinterpret_cast<T*>((address + kAlign - 1) / kAlign * kAlign);
    }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] std::vector<T> read() const { return {data(), data() + count_}; }

   private:
    static constexpr std::size_t kAlign = 128;
    std::unique_ptr<std::byte[]> data_;
    std::size_t count_;
  };

  explicit EmulatedDevice(emulator::Schedule schedule = {}) : schedule_(schedule) {}

  [[nodiscard]] unsigned multiprocessors() const { return 3; }
  template <class Call>
  void launch(void (*kernel)(Call), const kernels::LaunchDims& dims, const Call& call) {
    emulator::launch({.grid = {dims.x, dims.y, dims.z},
                      .threads = dims.threads,
                      .shared_bytes = dims.shared_bytes},
                     schedule_, [&] { kernel(call); });
    ++launches_;
  }
  /// Since the last time it was asked.
  int launches() { return std::exchange(launches_, 0); }

  template <class T>
  Array<T> array(std::size_t count) {
    return Array<T>(count);
  }
  template <class T>
  void write(Array<T>& array, const std::vector<T>& values) {
    if (values.size() != array.size()) throw std::invalid_argument("an array of another size");
    if (!values.empty()) std::memcpy(array.data(), values.data(), values.size() * sizeof(T));
  }
  template <class T>
  void fill_normal(Array<T>& array, std::uint64_t seed, float scale) {
    Random random(static_cast<std::uint32_t>(seed));
    for (std::size_t i = 0; i < array.size(); ++i)
      assign(array.data()[i], scale * static_cast<float>(normal(random)));
  }

 private:
  static void assign(kernels::Bf16& to, float value) { to = kernels::to_bf16(value); }
  static void assign(kernels::E4m3& to, float value) { to = kernels::to_e4m3(value); }
  static void assign(float& to, float value) { to = value; }

  emulator::Schedule schedule_;
  int launches_ = 0;
};

}  // namespace helixsim
