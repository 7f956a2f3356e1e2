#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/sweep/validation.hpp"

namespace helixsim {

enum class ValidationVerdict { Within, Miss, Reported };
std::string_view name_of(ValidationVerdict verdict);

/// The part of a predicted number that one operation makes.
struct OperationShare {
  std::string name;
  double seconds = 0.0;  ///< on the critical path; of two points the difference
  double share = 0.0;    ///< of the TTL; of two points of the difference of their TTLs
};

/// A published number beside ours.
struct ValidationResult {
  const MeasuredValue* value = nullptr;  ///< of the file, which must outlive the result
  std::optional<double> predicted;
  std::optional<Interval> interval;  ///< of ours, where its errors are known
  ValidationVerdict verdict = ValidationVerdict::Reported;
  std::string reason;                      ///< why nothing is predicted
  std::string where;                       ///< the points that ours was taken at
  std::vector<OperationShare> operations;  ///< what makes our number, the largest first
  std::vector<std::string> warnings;

  /// Whether the published number lies within the interval of ours. Contract: there is one.
  [[nodiscard]] bool within_interval() const {
    return value->published >= interval->low && value->published <= interval->high;
  }
  /// Ours over the published number, less one.
  [[nodiscard]] double error() const { return *predicted / value->published - 1.0; }
};

/// Predicts every value of a file. A value with a band of which nothing can be predicted is a miss.
/// The search, where there is one, runs on `threads` threads and changes nothing else.
std::vector<ValidationResult> run_validation(const Validation& file, unsigned threads);

}  // namespace helixsim
