#pragma once

#include <algorithm>

#include "sim/engine/time.hpp"

namespace helixsim {

/// Two streams of kernels from where the second begins to where the first waits for it. `first` is
/// the time of the first stream so far, from any beginning. Contract: nothing but kernels lies
/// between.
class BesideTime {
 public:
  void add_second(SimTime time, SimTime first) {
    if (second_ == SimTime()) begin_ = first;
    second_ += time;
  }
  /// By how much the second is longer.
  SimTime join(SimTime first) {
    const SimTime longer = std::max(second_ - (first - begin_), SimTime());
    second_ = {};
    return longer;
  }

 private:
  SimTime begin_;   // of the first stream, when the second began
  SimTime second_;  // its kernels
};

}  // namespace helixsim
