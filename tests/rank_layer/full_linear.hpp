#pragma once

#include <cmath>
#include <stdexcept>
#include <vector>

#include "tests/rank_layer/emulated_device.hpp"
#include "tests/rank_layer/reference_layer.hpp"
#include "tools/calibrate/rank_layer/linear.hpp"

namespace helixsim {

inline void assign(kernels::Bf16& to, double value) {
  to = kernels::to_bf16(static_cast<float>(value));
}
inline void assign(kernels::E4m3& to, double value) {
  to = kernels::to_e4m3(static_cast<float>(value));
}
inline void assign(float& to, double value) {
  to = static_cast<float>(value);
}
inline double value_of(float number) {
  return number;
}
template <class T>
double value_of(T number) {
  return to_float(number);
}

/// About normal numbers of a format.
template <class T>
std::vector<T> random_numbers(std::size_t count, Random& random, double scale = 1.0) {
  std::vector<T> numbers(count);
  for (T& number : numbers) assign(number, scale * normal(random));
  return numbers;
}
template <class T>
reference::Vector values_of(const std::vector<T>& numbers) {
  reference::Vector values;
  for (const T number : numbers) values.push_back(value_of(number));
  return values;
}

/// A projection of the whole model: numbers of a format and scales, one or one for 128 x 128.
template <class T>
class FullLinear {
 public:
  FullLinear(std::size_t n, std::size_t k, bool block_scales, Random& random, double gain = 1.0)
      : n_(n), k_(k), numbers_(random_numbers<T>(n * k, random)) {
    const double usual = gain / std::sqrt(static_cast<double>(k));
    const std::size_t count = block_scales ? up(n) * up(k) : 1;
    for (std::size_t i = 0; i < count; ++i)
      scales_.push_back(static_cast<float>(usual * (block_scales ? 0.5 + random.unit() : 1.0)));
  }

  [[nodiscard]] reference::Vector values() const {
    reference::Vector all;
    for (std::size_t row = 0; row < n_; ++row) {
      for (std::size_t column = 0; column < k_; ++column)
        all.push_back(value_of(numbers_[row * k_ + column]) * scale(row, column));
    }
    return all;
  }
  [[nodiscard]] T number(std::size_t row, std::size_t column) const {
    return numbers_[row * k_ + column];
  }
  [[nodiscard]] float scale(std::size_t row, std::size_t column) const {
    return scales_.size() == 1 ? scales_[0] : scales_[row / 128 * up(k_) + column / 128];
  }

 private:
  static std::size_t up(std::size_t numbers) { return (numbers + 127) / 128; }
  std::size_t n_, k_;
  std::vector<T> numbers_;
  std::vector<float> scales_;
};

/// Rows of a whole projection, from a column on.
template <class T>
struct Piece {
  const FullLinear<T>& of;
  std::size_t row = 0;
  std::size_t rows = 0;
  std::size_t column = 0;
};

/// Stacks pieces to the weights of one rank; with scales of blocks, each of whole 128 rows unless
/// it is the last of its batch.
template <class Linear, class T>
void write_shard(EmulatedDevice& device, Linear& to, const std::vector<Piece<T>>& pieces) {
  std::vector<T> numbers;
  std::vector<float> scales;
  for (const Piece<T>& piece : pieces) {
    for (std::size_t row = piece.row; row < piece.row + piece.rows; ++row) {
      for (std::size_t column = 0; column < to.k; ++column)
        numbers.push_back(piece.of.number(row, piece.column + column));
    }
    for (std::size_t row = 0; to.block_scales && row < piece.rows; row += 128) {
      for (std::size_t column = 0; column < to.k; column += 128)
        scales.push_back(piece.of.scale(piece.row + row, piece.column + column));
    }
  }
  if (!to.block_scales) scales.assign(to.batch, pieces.front().of.scale(0, 0));
  device.write(to.w, numbers);
  device.write(to.scales, scales);
}

}  // namespace helixsim
