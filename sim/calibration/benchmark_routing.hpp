#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

namespace helixsim {

/// What the benchmark of routed experts was run on.
struct BenchmarkRouting {
  int tokens = 1;
  int experts_per_token = 1;
  int experts = 1;
  int ep = 1;
  std::string distribution;    ///< "balanced" or "power_law_ALPHA", then an optional suffix
  bool group_limited = false;  ///< a token goes to half of the groups of experts only

  /// Of one rank.
  [[nodiscard]] double local_experts() const {
    return std::max(1.0, std::floor(static_cast<double>(experts) / ep));
  }
  auto operator<=>(const BenchmarkRouting&) const = default;
};

/// Load of the rank that was measured: pairs of token and expert, and experts with any.
struct RoutedLoad {
  double rows = 1.0;
  double active = 1.0;
};

/// How the source's benchmark spread tokens over experts: evenly, or by a power law of which the
/// most loaded rank was measured. There it drew the popularity of each expert five times; here the
/// mean of draws with a fixed seed stands for them. Remembers what it was asked.
/// Source: NVIDIA AIConfigurator, how its MoE collector makes logits (collector/helper.py).
class BenchmarkRouter {
 public:
  /// Errors: ConfigError text in `distribution` is the caller's to check with `knows`.
  RoutedLoad load(const BenchmarkRouting& routing);
  static bool knows(const std::string& distribution);

 private:
  std::map<BenchmarkRouting, RoutedLoad> known_;
};

}  // namespace helixsim
