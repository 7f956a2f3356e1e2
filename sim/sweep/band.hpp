#pragma once

#include "sim/config/node.hpp"

namespace helixsim {

/// The band [lowest, highest] in which ours must lie. Errors: ConfigError.
Range<double> read_band(const Node& node);

}  // namespace helixsim
