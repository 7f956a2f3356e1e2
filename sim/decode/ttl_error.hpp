#pragma once

#include <string_view>
#include <vector>

namespace helixsim {

/// What one family of kernels has to do with the error of a TTL.
struct TtlErrorPart {
  std::string_view family;  ///< TimeError::family, kept by the setup's hardware; "composition" for
                            ///< the step as a whole
  double share = 0.0;       ///< of the TTL that passes in them
  double log_sd = 0.0;      ///< of ln(true TTL / TTL), from this family alone
};

/// How far the true TTL may be from the predicted one.
///
/// Model: d ln TTL = sum over families f of e_f + e_composition, all independent; within a family
/// the operations of a step err together, so that sd(e_f) = sum over its operations of their
/// exposed time over the TTL times their log_sd (TimeError). Common to all families is the error of
/// putting a step together from kernels. Holds to first order: an error does not change which
/// operation hides which.
/// The order of families is that of the step.
struct TtlError {
  std::vector<TtlErrorPart> parts;

  [[nodiscard]] double log_sd() const;
};

/// ln(true / predicted) differs between two steps by what they do not have in common: standard
/// deviation of that difference.
double log_sd_of_ratio(const TtlError& a, const TtlError& b);

/// Standard deviation of the error of a - b, two steps that take so many seconds.
double sd_of_difference(const TtlError& a, double a_seconds, const TtlError& b, double b_seconds);

/// Ends of the interval that holds the true value with 90 % probability.
struct Interval {
  double low = 0.0;
  double high = 0.0;
};
Interval interval_of(double value, double log_sd);

}  // namespace helixsim
