#pragma once

#include <algorithm>

#include "sim/engine/time.hpp"

namespace helixsim {

/// Two streams of kernels from where the second begins to where the first waits for it. Contract:
/// nothing but kernels lies between.
class BesideTime {
 public:
  void add_second(SimTime time) {
    if (second_ == SimTime()) first_ = {};
    second_ += time;
  }
  void add_first(SimTime time) { first_ += time; }
  /// By how much the second is longer.
  SimTime join() {
    const SimTime longer = std::max(second_ - first_, SimTime());
    second_ = {};
    return longer;
  }

 private:
  SimTime first_;   // since the second stream began
  SimTime second_;  // its kernels
};

}  // namespace helixsim
