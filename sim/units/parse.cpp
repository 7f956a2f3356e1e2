#include "sim/units/parse.hpp"

#include <charconv>
#include <cmath>
#include <span>

namespace helixsim {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

struct Parsed {
  double number;
  std::string_view unit;
};

std::optional<Parsed> split(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  return Parsed{number, unit};
}

std::optional<double> scaled(std::string_view text, std::span<const Unit> units) {
  const auto parsed = split(text);
  if (!parsed) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name == parsed->unit) return parsed->number * unit.factor;
  }
  return std::nullopt;
}

template <typename Result>
std::optional<Result> as(std::optional<double> value) {
  if (!value) return std::nullopt;
  return Result(*value);
}

}  // namespace

std::optional<Seconds> parse_time(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"s", 1.0}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"ps", 1e-12}};
  return as<Seconds>(scaled(text, kUnits));
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"B", 1.0},         {"kB", 1e3},           {"MB", 1e6},
      {"GB", 1e9},        {"TB", 1e12},          {"KiB", 1024.0},
      {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0}};
  return as<Bytes>(scaled(text, kUnits));
}

std::optional<BytesPerSecond> parse_rate(std::string_view text) {
  static constexpr Unit kUnits[] = {{"B/s", 1.0},  {"kB/s", 1e3},  {"MB/s", 1e6},
                                    {"GB/s", 1e9}, {"TB/s", 1e12}, {"GiB/s", 1073741824.0}};
  return as<BytesPerSecond>(scaled(text, kUnits));
}

std::optional<FlopsPerSecond> parse_flop_rate(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"FLOP/s", 1.0}, {"GFLOP/s", 1e9}, {"TFLOP/s", 1e12}, {"PFLOP/s", 1e15}};
  return as<FlopsPerSecond>(scaled(text, kUnits));
}

std::optional<double> parse_tokens(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1.0}, {"k", 1e3}, {"K", 1e3}, {"M", 1e6}};
  return scaled(text, kUnits);
}

}  // namespace helixsim
