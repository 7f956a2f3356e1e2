#pragma once

#include "sim/units/quantity.hpp"

/// Literals with decimal prefixes (GB = 10^9 B) and binary ones (GiB = 2^30 B).
namespace helixsim::literals {

constexpr Seconds operator""_s(long double v) {
  return Seconds(static_cast<double>(v));
}
constexpr Seconds operator""_us(long double v) {
  return Seconds(static_cast<double>(v) * 1e-6);
}
constexpr Seconds operator""_us(unsigned long long v) {
  return Seconds(static_cast<double>(v) * 1e-6);
}
constexpr Seconds operator""_ms(long double v) {
  return Seconds(static_cast<double>(v) * 1e-3);
}
constexpr Bytes operator""_B(unsigned long long v) {
  return Bytes(static_cast<double>(v));
}
constexpr Bytes operator""_GB(unsigned long long v) {
  return Bytes(static_cast<double>(v) * 1e9);
}
constexpr Bytes operator""_GiB(unsigned long long v) {
  return Bytes(static_cast<double>(v) * 1073741824.0);
}
constexpr BytesPerSecond operator""_GBps(unsigned long long v) {
  return BytesPerSecond(static_cast<double>(v) * 1e9);
}
constexpr BytesPerSecond operator""_TBps(long double v) {
  return BytesPerSecond(static_cast<double>(v) * 1e12);
}
constexpr FlopsPerSecond operator""_PFlops(long double v) {
  return FlopsPerSecond(static_cast<double>(v) * 1e15);
}

}  // namespace helixsim::literals
