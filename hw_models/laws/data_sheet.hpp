#pragma once

#include "sim/units/quantity.hpp"

namespace helixsim {

/// What laws that were fitted on one GPU are scaled by, when it or another is given other numbers.
struct DataSheet {
  BytesPerSecond memory_bandwidth;
  FlopsPerSecond bf16;
  FlopsPerSecond fp8;
  FlopsPerSecond fp4;
  BytesPerSecond link_bandwidth;  ///< of one GPU to all others of its domain, per direction

  bool operator==(const DataSheet&) const = default;
};

}  // namespace helixsim
