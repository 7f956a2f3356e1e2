#pragma once

#include <span>
#include <vector>

namespace helixsim {

/// One direction of a table: which coordinate of the shape it is over, and the positions of its
/// nodes, rising, as logarithms to base 2.
struct ResidualAxis {
  std::size_t coordinate = 0;
  std::vector<double> nodes;
};

/// A node of a table and its part in an interpolation.
struct ResidualPart {
  std::size_t node = 0;
  double weight = 0.0;
};

/// What a law leaves over, as logarithms of measured over predicted time on a grid of shapes,
/// interpolated between nodes along each axis. Beyond the grid the nearest value fades by half with
/// each doubling of the distance's number, so that far from data the law stands alone.
class ResidualTable {
 public:
  static constexpr std::size_t kMostAxes = 5;

  ResidualTable() = default;
  /// Contract: a value for each node, the last axis varying fastest; none is all zeros.
  ResidualTable(std::vector<ResidualAxis> axes, std::vector<double> values);

  [[nodiscard]] const std::vector<ResidualAxis>& axes() const { return axes_; }
  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  [[nodiscard]] std::size_t stride(std::size_t axis) const { return strides_[axis]; }

  /// The logarithm of what a law's time is multiplied by, at these coordinates of a shape.
  [[nodiscard]] double log_factor(std::span<const double> coordinates) const;
  /// The nodes around the coordinates; their weights add up to 1 within the grid and less beyond.
  void parts_at(std::span<const double> coordinates, std::vector<ResidualPart>& parts) const;

 private:
  std::vector<ResidualAxis> axes_;
  std::vector<double> values_;
  std::vector<std::size_t> strides_;
};

}  // namespace helixsim
