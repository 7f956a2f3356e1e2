#pragma once

#include <optional>
#include <string_view>

#include "sim/units/quantity.hpp"

namespace helixsim {

/// Text with its unit as written in configuration files: "8 TB/s", "900 GB/s", "186 GB", "80 GiB",
/// "2.5 us", "10 PFLOP/s". Empty when the number or the unit is not understood, or when the number
/// is not finite.
std::optional<Seconds> parse_time(std::string_view text);
std::optional<Bytes> parse_bytes(std::string_view text);
std::optional<BytesPerSecond> parse_rate(std::string_view text);
std::optional<FlopsPerSecond> parse_flop_rate(std::string_view text);
/// A count of tokens: "1000000", "1M", "64k" (decimal prefixes, k = 1000).
std::optional<double> parse_tokens(std::string_view text);

}  // namespace helixsim
