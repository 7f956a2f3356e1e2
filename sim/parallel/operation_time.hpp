#pragma once

#include <algorithm>

#include "hw_models/hardware.hpp"
#include "sim/config/config_error.hpp"
#include "sim/engine/time.hpp"
#include "sim/llm/operation.hpp"

namespace helixsim {

/// Time of one operation in whole picoseconds. Below 1000 s, so that sums over a step stay far from
/// the end of engine time. Errors: ConfigError beyond.
inline SimTime operation_time(Seconds time) {
  constexpr Seconds kLongest(1000.0);
  if (!(time < kLongest))
    throw ConfigError("one operation takes longer than 1000 s: are the system's rates right?");
  return to_sim_time(time);
}

/// Time of an operation on a stream of kernels. Streams contend for HBM: a kernel of the second one
/// takes no less than both need to read what they read meanwhile.
inline SimTime compute_time(const Hardware& hardware, const Operation& op) {
  if (op.host > Seconds()) [[unlikely]]
    return operation_time(op.host);
  const Seconds alone = hardware.duration(op.work);
  if (op.beside_bytes > Bytes()) [[unlikely]] {
    const Bytes both = op.work.hbm_bytes() + op.beside_bytes;
    return operation_time(std::max(alone, both / hardware.gpu().memory_bandwidth));
  }
  return operation_time(alone);
}

}  // namespace helixsim
