#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace helixsim::bench {

/// Seconds that one call takes on the wall clock.
inline double seconds_of(const std::function<void()>& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The shortest time of each of several runs, over `rounds` in which each runs three times in a
/// row. Taking turns puts all of them under the same disturbances, so that their ratios hold on a
/// busy machine.
inline std::vector<double> fastest(int rounds, std::span<const std::function<void()>> runs) {
  std::vector<double> best(runs.size(), std::numeric_limits<double>::infinity());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      for (int again = 0; again < 3; ++again) best[i] = std::min(best[i], seconds_of(runs[i]));
    }
  }
  return best;
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace helixsim::bench
