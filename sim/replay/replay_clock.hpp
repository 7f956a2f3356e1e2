#pragma once

#include "sim/engine/time.hpp"
#include "sim/replay/replay_case.hpp"

namespace helixsim {

/// How engine ticks count the seconds of one case.
///
/// Coarse ticks are a round number a second: divisible by powers of ten, the capacities and small
/// counts as far as that fits, so that quotients of decimal works are whole ticks and equal sums of
/// them stay equal. Where they are too long for 1e-9 of the shortest span, each is split into fine
/// ticks; spans that are whole coarse ticks but for the rounding of a double are still taken so.
class ReplayClock {
 public:
  /// Errors: ConfigError "/tasks: ..." for times and capacities beyond what doubles and ticks hold.
  explicit ReplayClock(const ReplayCase& of);

  [[nodiscard]] double ticks_per_second() const { return coarse_ * fine_; }
  /// Whether a span is too short beside the others, below about 2e-9 of their sum, to be exact to
  /// 1e-9.
  [[nodiscard]] bool loses_digits() const { return loses_digits_; }
  [[nodiscard]] SimTime ticks(double seconds) const;
  [[nodiscard]] double seconds(SimTime time) const {
    return static_cast<double>(time.picoseconds()) / ticks_per_second();
  }

 private:
  double coarse_ = 1.0;  // ticks a second
  double fine_ = 1.0;    // fine ticks in a coarse one
  bool loses_digits_ = false;
};

}  // namespace helixsim
