#pragma once

#include <cstdint>

namespace helixsim {

/// SplitMix64 (Steele, Lea, Flood 2014): a bijection whose outputs pass tests of randomness.
constexpr std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// A number in [0, 1) that depends on nothing but its arguments.
constexpr double drawn(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(mixed(mixed(mixed(seed) ^ a) ^ b) >> 11) * 0x1.0p-53;
}

}  // namespace helixsim
