#include "sim/decode/ttl_error.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "hw_models/time_error.hpp"

namespace helixsim {
namespace {

/// Empty for a family that the step has no time in.
std::optional<double> sd_in(const TtlError& error, std::string_view family) {
  const auto found = std::find_if(error.parts.begin(), error.parts.end(),
                                  [&](const TtlErrorPart& part) { return part.family == family; });
  if (found == error.parts.end()) return std::nullopt;
  return found->log_sd;
}

}  // namespace

double TtlError::log_sd() const {
  double variance = 0.0;
  for (const TtlErrorPart& part : parts) variance += part.log_sd * part.log_sd;
  return std::sqrt(variance);
}

double log_sd_of_ratio(const TtlError& a, const TtlError& b) {
  return sd_of_difference(a, 1.0, b, 1.0);
}

double sd_of_difference(const TtlError& a, double a_seconds, const TtlError& b, double b_seconds) {
  double variance = 0.0;
  for (const TtlErrorPart& part : a.parts) {
    variance +=
        std::pow(a_seconds * part.log_sd - b_seconds * sd_in(b, part.family).value_or(0.0), 2);
  }
  for (const TtlErrorPart& part : b.parts) {
    if (!sd_in(a, part.family)) variance += std::pow(b_seconds * part.log_sd, 2);
  }
  return std::sqrt(variance);
}

Interval interval_of(double value, double log_sd) {
  const double factor = std::exp(kNormal95 * log_sd);
  return {value / factor, value * factor};
}

}  // namespace helixsim
