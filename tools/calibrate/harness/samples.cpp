#include "tools/calibrate/harness/samples.hpp"

#include <algorithm>
#include <vector>

namespace helixsim {

double percentile_of(std::span<const double> sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  const double rest = place - static_cast<double>(below);
  return sorted[below] + rest * (sorted[above] - sorted[below]);
}

Timing timing_of(std::span<const double> launches, int reps, double empty_seconds) {
  std::vector<double> times;
  for (const double launch : launches)
    times.push_back(std::max(0.0, launch / reps - empty_seconds) * 1e6);
  std::sort(times.begin(), times.end());
  return {.median_us = percentile_of(times, 0.5),
          .p10_us = percentile_of(times, 0.1),
          .p90_us = percentile_of(times, 0.9),
          .empty_us = empty_seconds * 1e6,
          .reps = reps,
          .samples = static_cast<int>(times.size())};
}

}  // namespace helixsim
