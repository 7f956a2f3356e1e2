#include "sim/decode/ttl_error.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "hw_models/time_error.hpp"

namespace helixsim {
namespace {

/// 0 for a family that the step has no time in.
double sd_in(const TtlError& error, std::string_view family) {
  const auto found = std::find_if(error.parts.begin(), error.parts.end(),
                                  [&](const TtlErrorPart& part) { return part.family == family; });
  return found == error.parts.end() ? 0.0 : found->log_sd;
}

}  // namespace

double TtlError::log_sd() const {
  double variance = 0.0;
  for (const TtlErrorPart& part : parts) variance += part.log_sd * part.log_sd;
  return std::sqrt(variance);
}

double log_sd_of_ratio(const TtlError& a, const TtlError& b) {
  double variance = 0.0;
  for (const TtlErrorPart& part : a.parts) {
    variance += std::pow(part.log_sd - sd_in(b, part.family), 2);
  }
  for (const TtlErrorPart& part : b.parts) {
    if (sd_in(a, part.family) == 0.0) variance += part.log_sd * part.log_sd;
  }
  return std::sqrt(variance);
}

Interval interval_of(double value, double log_sd) {
  const double factor = std::exp(kNormal95 * log_sd);
  return {value / factor, value * factor};
}

}  // namespace helixsim
