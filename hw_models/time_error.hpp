#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "hw_models/laws/law_error.hpp"
#include "sim/config/node.hpp"

namespace helixsim {

/// What a fidelity knows of its errors beyond those that its laws were seen to make. Standard
/// deviations of ln(true / predicted).
struct ErrorRules {
  double composition = 0.0;   ///< of a step put together from kernels; common to all of it
  double unmeasured = 0.0;    ///< of a time without a law, or of a data type without a kernel
  double per_doubling = 0.0;  ///< of a law, for each doubling beyond its measurements
};

/// Reads `{composition, unmeasured, per_doubling}`. Errors: ConfigError.
ErrorRules read_error_rules(const Node& node);

/// How far the true time of a kernel or collective may be from the predicted one: the distribution
/// of ln(true / predicted), by how far it lies from zero at three places of the normal law, which
/// what was kept out of a fit tells, and widened beyond what was measured and
/// by moving a law to another GPU. Errors of one family go
/// together: they are taken at one place of their distributions.
struct TimeError {
  std::string_view family;  ///< of kernels; "no law" for what has none
  double median = 0.0;      ///< distance that half of the errors keep
  double p68 = 0.0;
  double p90 = 0.0;
  double widening = 0.0;  ///< a standard deviation, independent of those

  /// Of a normal law with the same 90th percentile.
  [[nodiscard]] double log_sd() const;
  /// The error at `normal`, a place of the standard normal law: between the three places in
  /// proportion, beyond the last as the normal law.
  [[nodiscard]] double at(double normal) const;
};

/// Place of the standard normal law below which 95 % lie: intervals hold 90 %.
inline constexpr double kNormal95 = 1.6448536269514722;

TimeError time_error(const Provenance& from, const ErrorRules& rules);

/// One draw of all errors: a place of the normal law for each family, and one for the composition.
class ErrorDraw {
 public:
  ErrorDraw(std::uint64_t seed, std::uint64_t number);
  /// Of the true over the predicted time.
  [[nodiscard]] double factor(const TimeError& error) const;
  [[nodiscard]] double composition_factor(const ErrorRules& rules) const;

 private:
  [[nodiscard]] double normal(std::string_view family) const;

  std::uint64_t seed_;
  std::uint64_t number_;
};

}  // namespace helixsim
