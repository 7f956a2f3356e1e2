#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace helixsim {

/// Random choices from a seed, the same on every compiler (the distributions of <random> are not).
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  /// A whole number in [low, high].
  int between(int low, int high) {
    const auto span = static_cast<std::uint32_t>(high - low) + 1;
    return low + static_cast<int>(engine_() % span);
  }
  bool coin() { return between(0, 1) == 1; }
  /// In [0, 1).
  double unit() { return static_cast<double>(engine_()) / 4294967296.0; }
  template <typename T>
  const T& pick(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(between(0, static_cast<int>(choices.size()) - 1))];
  }
  /// 1, 2, 4, ... up to 2^largest_exponent.
  int power_of_two(int largest_exponent) { return 1 << between(0, largest_exponent); }

 private:
  std::mt19937 engine_;
};

}  // namespace helixsim
