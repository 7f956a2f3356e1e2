#pragma once

#include "sim/config/config_error.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

/// Time of one operation in whole picoseconds. Below 1000 s, so that sums over a step stay far from
/// the end of engine time. Errors: ConfigError beyond.
inline SimTime operation_time(Seconds time) {
  constexpr Seconds kLongest(1000.0);
  if (!(time < kLongest))
    throw ConfigError("one operation takes longer than 1000 s: are the system's rates right?");
  return to_sim_time(time);
}

}  // namespace helixsim
