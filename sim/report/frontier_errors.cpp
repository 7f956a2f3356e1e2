#include "sim/report/frontier_errors.hpp"

#include <algorithm>
#include <cmath>

#include "hw_models/time_error.hpp"

namespace helixsim {
namespace {

double rounded(double log_sd) {
  return std::round(1e3 * log_sd) / 1e3;
}

bool may_change_places(const PointResult& a, const PointResult& b) {
  const double distance = std::abs(std::log(a.ttl.seconds() / b.ttl.seconds()));
  return distance <= kNormal95 * log_sd_of_ratio(*a.error, *b.error);
}

}  // namespace

bool FrontierErrors::is_unsure(std::size_t place) const {
  return std::binary_search(unsure.begin(), unsure.end(), static_cast<int>(place));
}

FrontierErrors frontier_errors(std::span<const PointResult* const> results,
                               std::span<const PointResult* const> baseline) {
  FrontierErrors errors;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i]->error) return {};
    errors.log_sd.push_back(rounded(results[i]->error->log_sd()));
    const bool with_faster = i > 0 && may_change_places(*results[i - 1], *results[i]);
    const bool with_slower = i + 1 < results.size() && results[i + 1]->error &&
                             may_change_places(*results[i], *results[i + 1]);
    if (with_faster || with_slower) errors.unsure.push_back(static_cast<int>(i));
  }
  if (!results.empty() && !baseline.empty() && baseline.front()->error) {
    errors.fast_ratio_log_sd =
        rounded(log_sd_of_ratio(*results.front()->error, *baseline.front()->error));
    errors.dense_ratio_log_sd =
        rounded(log_sd_of_ratio(*results.back()->error, *baseline.back()->error));
  }
  return errors;
}

}  // namespace helixsim
