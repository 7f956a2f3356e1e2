#pragma once

#include <time.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace helixsim::bench {

/// Processor time of this process so far, in seconds: what others do on the machine meanwhile is
/// not in it.
inline double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Processor seconds that one call takes.
inline double seconds_of(const std::function<void()>& run) {
  const double begin = processor_seconds();
  run();
  return processor_seconds() - begin;
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
