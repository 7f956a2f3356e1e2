#include "sim/replay/replay_clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

// The whole case takes at most so many coarse ticks: what a double tells apart, with room for
// errors.
constexpr double kMostTicks = 0x1p48;
// A case takes at most 2^60 fine ticks, and engine time ends at 2^63.
constexpr double kFineTicks = 0x1p12;
// Half a tick is 2.3e-10 of a span that takes this many.
constexpr double kEnoughTicks = 0x1p31;
// Below so many a rounded span is not exact to 1e-9.
constexpr double kLeastTicks = 0x1p30;
// Quotients of two rounded doubles, times a whole number, are this exact.
constexpr double kRounding = 0x1p-50;

struct Spans {
  double shortest = std::numeric_limits<double>::infinity();  // above 0
  double total = 0.0;

  void add(double span) {
    total += span;
    if (span > 0.0) shortest = std::min(shortest, span);
  }
};

/// Latencies and bodies, each flow as if alone. Their total bounds the makespan: while flows share,
/// the full links among theirs do a second's work each second.
Spans spans_of(const ReplayCase& of) {
  Spans spans;
  for (const ReplayCase::Task& task : of.tasks) {
    spans.add(task.latency);
    if (!task.links.empty()) {
      double rate = task.cap.value_or(std::numeric_limits<double>::infinity());
      for (const std::uint32_t link : task.links) {
        rate = std::min(rate, of.resources[link].capacity);
      }
      spans.add(task.work / rate);
    } else if (task.fifo) {
      spans.add(task.work / of.resources[*task.fifo].capacity);
    }
  }
  return spans;
}

/// 13 of 1.3, to three decimals; 1 of numbers that are none of these.
std::uint64_t numerator_of(double number) {
  for (const double places : {1.0, 10.0, 100.0, 1000.0}) {
    const double whole = std::round(number * places);
    if (whole >= 1.0 && whole <= 1e6 && whole / places == number) {
      return static_cast<std::uint64_t>(whole);
    }
  }
  return 1;
}

/// A whole number of ticks a second, divisible by what divides times in this case.
std::uint64_t round_number(const ReplayCase& of, double total) {
  std::uint64_t round = 1;
  const auto include = [&](std::uint64_t number) {
    const std::uint64_t missing = number / std::gcd(number, round);
    if (total * static_cast<double>(round) * static_cast<double>(missing) <= kMostTicks) {
      round *= missing;
    }
  };
  include(10'000);
  for (const bool links : {false, true}) {
    for (const ReplayCase::Resource& resource : of.resources) {
      if (resource.is_link == links) include(numerator_of(resource.capacity));
    }
  }
  for (const std::uint64_t count : {9, 32, 7, 25, 11, 13}) include(count);
  return round;
}

}  // namespace

ReplayClock::ReplayClock(const ReplayCase& of) {
  const Spans spans = spans_of(of);
  if (spans.total <= 0.0) return;
  const auto round = static_cast<double>(round_number(of, spans.total));
  coarse_ = round * std::exp2(std::floor(std::log2(kMostTicks / (spans.total * round))));
  if (spans.shortest * coarse_ < kEnoughTicks) fine_ = kFineTicks;
  bool fits = std::isfinite(spans.total) && std::isnormal(coarse_) && coarse_ >= 1e-280 &&
              std::isfinite(ticks_per_second());
  for (const ReplayCase::Resource& resource : of.resources) {
    fits = fits && std::isnormal(resource.capacity / ticks_per_second());
  }
  for (const ReplayCase::Task& task : of.tasks) {
    fits = fits && (!task.cap || std::isnormal(*task.cap / ticks_per_second()));
  }
  if (!fits) throw ConfigError("/tasks: the times of this case do not fit into one engine clock");
  loses_digits_ = spans.shortest * ticks_per_second() < kLeastTicks;
}

SimTime ReplayClock::ticks(double seconds) const {
  const double coarse = seconds * coarse_;
  const double whole = std::round(coarse);
  const bool is_whole = std::abs(coarse - whole) <= coarse * kRounding;
  return SimTime(std::llround((is_whole ? whole : coarse) * fine_));
}

}  // namespace helixsim
