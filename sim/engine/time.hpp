#pragma once

#include <compare>
#include <cstdint>

#include "sim/engine/contract.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

/// A duration or an instant in whole picoseconds. Sums are exact, so that a timeline is the same
/// with every compiler; 2^62 ps are 53 days.
class SimTime {
 public:
  constexpr SimTime() = default;
  constexpr explicit SimTime(std::int64_t picoseconds) : picoseconds_(picoseconds) {}

  constexpr std::int64_t picoseconds() const { return picoseconds_; }
  constexpr Seconds seconds() const { return Seconds(static_cast<double>(picoseconds_) / 1e12); }

  constexpr auto operator<=>(const SimTime&) const = default;

  constexpr SimTime& operator+=(SimTime other) {
    picoseconds_ += other.picoseconds_;
    return *this;
  }
  constexpr SimTime& operator-=(SimTime other) {
    picoseconds_ -= other.picoseconds_;
    return *this;
  }
  friend constexpr SimTime operator+(SimTime a, SimTime b) { return a += b; }
  friend constexpr SimTime operator-(SimTime a, SimTime b) { return a -= b; }
  friend constexpr SimTime operator*(SimTime time, std::int64_t count) {
    return SimTime(time.picoseconds_ * count);
  }
  friend constexpr SimTime operator*(std::int64_t count, SimTime time) { return time * count; }

 private:
  std::int64_t picoseconds_ = 0;
};

/// Latency and body of a task each stay below this, so that their sum never overflows.
inline constexpr SimTime kTimeLimit{std::int64_t{1} << 62};

/// To the nearest picosecond, halves away from zero; `exact` is not negative and below kTimeLimit.
/// What std::llround gives, without its library call: the remainder is exact.
inline SimTime round_to_picoseconds(double exact) {
  const auto whole = static_cast<std::int64_t>(exact);
  const double remainder = exact - static_cast<double>(whole);
  return SimTime(whole + (remainder >= 0.5 ? 1 : 0));
}

/// The one place where seconds become engine time: to the nearest picosecond, halves away from
/// zero.
///
/// Errors: std::logic_error when `time` is not finite, negative, or kTimeLimit and more.
inline SimTime to_sim_time(Seconds time) {
  const double exact = time.value() * 1e12;
  ensure(exact >= 0.0 && exact < static_cast<double>(kTimeLimit.picoseconds()),
         "a time must be finite, not negative and below 2^62 ps");
  return round_to_picoseconds(exact);
}

}  // namespace helixsim
