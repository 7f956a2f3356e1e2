#pragma once

#include <cmath>
#include <vector>

#include "tools/calibrate/kernels/arithmetic/routing.hpp"

/// Parts of a whole decoder layer in FP64, unsharded.
namespace helixsim::reference {

using Vector = std::vector<double>;

inline Vector rms_normed(const Vector& x, const Vector& weight) {
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + 1e-6);
  Vector out;
  for (std::size_t i = 0; i < x.size(); ++i) out.push_back(x[i] * scale * weight[i]);
  return out;
}

/// w [n, x.size()] x.
inline Vector product(const Vector& w, const Vector& x) {
  Vector out(w.size() / x.size(), 0.0);
  for (std::size_t row = 0; row < out.size(); ++row) {
    for (std::size_t i = 0; i < x.size(); ++i) out[row] += w[row * x.size() + i] * x[i];
  }
  return out;
}

inline Vector part(const Vector& x, std::size_t first, std::size_t count) {
  const auto begin = x.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

/// Pairs (i, i + half) of x turned by position * base^(-i / half); neighbours (2 i, 2 i + 1) where
/// `neighbours`.
inline Vector turned(const Vector& x, int position, double base, bool neighbours) {
  const std::size_t half = x.size() / 2;
  Vector out = x;
  for (std::size_t i = 0; i < half; ++i) {
    const std::size_t a = neighbours ? 2 * i : i;
    const std::size_t b = neighbours ? 2 * i + 1 : i + half;
    const double angle =
        position * std::pow(base, -static_cast<double>(i) / static_cast<double>(half));
    out[a] = x[a] * std::cos(angle) - x[b] * std::sin(angle);
    out[b] = x[b] * std::cos(angle) + x[a] * std::sin(angle);
  }
  return out;
}

/// Gate's numbers, then up's.
inline Vector gated(const Vector& gate_up) {
  const std::size_t width = gate_up.size() / 2;
  Vector out;
  for (std::size_t i = 0; i < width; ++i)
    out.push_back(gate_up[i] / (1.0 + std::exp(-gate_up[i])) * gate_up[width + i]);
  return out;
}

inline void add(Vector& to, const Vector& other, double weight = 1.0) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += weight * other[i];
}

}  // namespace helixsim::reference
