#include "sim/units/format.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace helixsim {
namespace {

struct Prefix {
  double factor;
  std::string_view name;
};

template <std::size_t N>
std::string with_prefix(double value, const std::array<Prefix, N>& prefixes) {
  for (const Prefix& prefix : prefixes) {
    if (std::abs(value) >= prefix.factor * 0.9995) {
      return fmt::format("{:.4g} {}", value / prefix.factor, prefix.name);
    }
  }
  return fmt::format("{:.4g} {}", value / prefixes.back().factor, prefixes.back().name);
}

}  // namespace

std::string format_time(Seconds value) {
  static constexpr std::array<Prefix, 4> kPrefixes{
      {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}};
  return value.value() == 0.0 ? "0 us" : with_prefix(value.value(), kPrefixes);
}

std::string format_bytes(Bytes value) {
  static constexpr std::array<Prefix, 5> kPrefixes{
      {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1.0, "B"}}};
  return with_prefix(value.value(), kPrefixes);
}

std::string format_rate(BytesPerSecond value) {
  static constexpr std::array<Prefix, 4> kPrefixes{
      {{1e12, "TB/s"}, {1e9, "GB/s"}, {1e6, "MB/s"}, {1.0, "B/s"}}};
  return with_prefix(value.value(), kPrefixes);
}

std::string format_tokens(double tokens) {
  if (tokens >= 1e6 && std::fmod(tokens, 1e5) == 0.0) return fmt::format("{:g}M", tokens / 1e6);
  if (tokens >= 1e3 && std::fmod(tokens, 1e2) == 0.0) return fmt::format("{:g}k", tokens / 1e3);
  return format_exact(tokens);
}

std::string format_count(long long value) {
  std::string digits = fmt::format("{}", value < 0 ? -value : value);
  for (auto at = static_cast<long long>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return value < 0 ? "-" + digits : digits;
}

std::string format_exact(double value) {
  return fmt::format("{}", value);
}

}  // namespace helixsim
