#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "hw_models/laws/split_plan.hpp"

namespace helixsim {

/// Between the larger of two times and their sum: (a^p + b^p)^(1/p), p >= 1.
inline double norm_of(double a, double b, double p) {
  const double larger = a > b ? a : b;
  const double smaller = a > b ? b : a;
  if (smaller <= 0.0) return larger > 0.0 ? larger : 0.0;
  return larger * std::pow(1.0 + std::pow(smaller / larger, p), 1.0 / p);
}

/// norm_of with p = 4.
inline double norm4(double a, double b) {
  return std::sqrt(std::sqrt(a * a * (a * a) + b * b * (b * b)));
}

/// norm_of with p = 6: nearly the larger of two limits.
inline double norm6(double a, double b) {
  const double larger = a > b ? a : b;
  if (larger <= 0.0) return 0.0;
  const double ratio = (a > b ? b : a) / larger;
  const double cube = ratio * ratio * ratio;
  return larger * std::cbrt(std::sqrt(1.0 + cube * cube));
}

/// The smallest power of two that is at least `value`, which is at least 1.
inline double power_of_two_at_least(double value) {
  return static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(std::ceil(value))));
}

/// What a memory hierarchy delivers for data that the GPU reads again and again, when `footprint`
/// bytes lie between two reads of the same byte.
/// Model: 1/b = miss/hbm + (1 - miss)/l2, miss = 1 / (1 + (l2_part * l2_capacity / footprint)^4).
/// In a decode step other layers evict the data: `cold`, miss = 1.
struct MemoryReach {
  double hbm = 1.0;       ///< bytes a second
  double l2 = 1.0;        ///< bytes a second
  double l2_bytes = 0.0;  ///< of L2 that repeated reads can use

  [[nodiscard]] double seconds(double bytes, double footprint, bool cold) const {
    if (cold || l2_bytes <= 0.0) return bytes / hbm;
    const double part = l2_bytes / footprint;
    const double miss = 1.0 / (1.0 + part * part * part * part);
    return bytes * (miss / hbm + (1.0 - miss) / l2);
  }
  [[nodiscard]] bool holds(double footprint) const { return footprint < l2_bytes; }
};

}  // namespace helixsim
