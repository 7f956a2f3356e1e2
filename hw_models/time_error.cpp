#include "hw_models/time_error.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "hw_models/gpu.hpp"
#include "sim/units/draw.hpp"

namespace helixsim {
namespace {

constexpr double kNormal75 = 0.6744897501960817;  // half of the errors lie nearer
constexpr double kNormal84 = 0.9944578832097532;  // 68 % do

/// FNV-1a.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

ErrorRules read_error_rules(const Node& node) {
  node.allow_only({"composition", "unmeasured", "per_doubling"});
  const auto deviation = [&](std::string_view key) {
    return sourced(node, key).number("value", {0.0, 2.0});
  };
  return {.composition = deviation("composition"),
          .unmeasured = deviation("unmeasured"),
          .per_doubling = deviation("per_doubling")};
}

double TimeError::log_sd() const {
  return std::hypot(p90 / kNormal95, widening);
}

double TimeError::at(double normal) const {
  const double distance = std::abs(normal);
  const double places[] = {0.0, kNormal75, kNormal84, kNormal95};
  const double errors[] = {0.0, median, p68, p90};
  double error = p90 * distance / kNormal95;
  for (std::size_t i = 1; i < std::size(places) && distance < kNormal95; ++i) {
    if (distance > places[i]) continue;
    const double part = (distance - places[i - 1]) / (places[i] - places[i - 1]);
    error = errors[i - 1] + part * (errors[i] - errors[i - 1]);
    break;
  }
  constexpr double kMost = 4.0;  // a factor of 55: a draw is no reason to leave engine time
  return std::copysign(std::min(std::hypot(error, widening * distance), kMost), normal);
}

TimeError time_error(const Provenance& from, const ErrorRules& rules) {
  if (from.error == nullptr) {
    return {.family = "no law",
            .median = kNormal75 * rules.unmeasured,
            .p68 = kNormal84 * rules.unmeasured,
            .p90 = kNormal95 * rules.unmeasured,
            .widening = 0.0};
  }
  const double median = std::log1p(from.error->median_percent / 100.0);
  const double p90 = std::max(std::log1p(from.error->p90_percent / 100.0), median);
  // The file has it from the median of errors, which need not be zero.
  const double p68 = std::abs(from.error->log_bias) + from.error->log_sd;
  return {.family = from.family,
          .median = median,
          .p68 = std::clamp(p68, median, p90),
          .p90 = p90,
          .widening = std::hypot(std::hypot(from.assumed_format ? rules.unmeasured : 0.0,
                                            rules.per_doubling * from.beyond.doublings),
                                 from.transfer_log_sd)};
}

ErrorDraw::ErrorDraw(std::uint64_t seed, std::uint64_t number) : seed_(seed), number_(number) {}

double ErrorDraw::factor(const TimeError& error) const {
  return std::exp(error.at(normal(error.family)));
}

double ErrorDraw::composition_factor(const ErrorRules& rules) const {
  return std::exp(rules.composition * normal("composition"));
}

/// Box and Muller 1958.
double ErrorDraw::normal(std::string_view family) const {
  const std::uint64_t which = hash_of(family);
  const double radius = 1.0 - drawn(seed_, number_, which);  // in (0, 1]
  const double angle = drawn(seed_, number_, ~which);
  return std::sqrt(-2.0 * std::log(radius)) * std::cos(2.0 * std::numbers::pi * angle);
}

}  // namespace helixsim
