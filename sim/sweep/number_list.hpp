#pragma once

#include <vector>

#include "sim/config/node.hpp"

namespace helixsim {

/// Reads a list of whole numbers in which ".." stands for a progression that goes on up to the next
/// number: [1, 2, 3, "..", 256] counts by one, [1, 2, 4, "..", 64] doubles; the last three numbers
/// before ".." decide (two: by difference). Numbers must rise and lie in `range`; at most 100,000.
/// Errors: ConfigError.
std::vector<int> read_number_list(const Node& node, Range<long long> range);

/// 1, 2, 4, ... up to `largest`.
std::vector<int> powers_of_two(int largest);

}  // namespace helixsim
