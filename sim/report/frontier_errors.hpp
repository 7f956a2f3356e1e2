#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/decode/point.hpp"

namespace helixsim {

/// What is known of the errors along a frontier; nothing where the fidelity knows none.
struct FrontierErrors {
  std::vector<double> log_sd;  ///< of ln(true TTL / TTL), by place; rounded to a thousandth
  std::vector<int> unsure;     ///< places whose TTL may be on the other side of a neighbour's
  /// Of the ratio to the baseline, where there is one: of its fast end's tokens/s/user and of its
  /// other end's tokens/s/GPU. Smaller than either end's, as much of both errs together.
  std::optional<double> fast_ratio_log_sd{};
  std::optional<double> dense_ratio_log_sd{};

  [[nodiscard]] bool is_unsure(std::size_t place) const;
};

/// Contract: results are feasible, fast end first. A place is unsure when ln(TTL / neighbour's TTL)
/// is no more than 1.645 standard deviations of its error (log_sd_of_ratio) away from 0.
/// `baseline` is empty where there is none.
FrontierErrors frontier_errors(std::span<const PointResult* const> results,
                               std::span<const PointResult* const> baseline);

}  // namespace helixsim
