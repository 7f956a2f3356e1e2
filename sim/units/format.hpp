#pragma once

#include <string>

#include "sim/units/quantity.hpp"

namespace helixsim {

/// Text for people: three significant digits or so and the prefix that fits, such as "12.3 us" or
/// "171 GB".
std::string format_time(Seconds value);
std::string format_bytes(Bytes value);
std::string format_rate(BytesPerSecond value);
/// Counts of tokens as the field writes them: 64000 is "64k", 1000000 is "1M"; others stay plain.
std::string format_tokens(double tokens);
/// 1234567 as "1,234,567".
std::string format_count(long long value);
/// Shortest text that reads back as the same double, for files that programs read.
std::string format_exact(double value);

}  // namespace helixsim
