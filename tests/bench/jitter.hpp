#pragma once

#include <cstdint>
#include <random>

namespace helixsim::bench {

/// Whole amounts made up to a share larger, from a seed: the same with every standard library.
class Jitter {
 public:
  Jitter(double share, std::uint32_t seed) : share_(share), random_(seed) {}

  std::int64_t operator()(std::int64_t amount) {
    if (share_ <= 0.0) return amount;
    const double extra = share_ * static_cast<double>(random_()) / 4294967296.0;
    return amount + static_cast<std::int64_t>(static_cast<double>(amount) * extra);
  }

 private:
  double share_;
  std::mt19937 random_;
};

}  // namespace helixsim::bench
