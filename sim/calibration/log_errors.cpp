#include "sim/calibration/log_errors.hpp"

#include <algorithm>
#include <cmath>

namespace helixsim {

double quantile(std::vector<double>& values, double part) {
  if (values.empty()) return 0.0;
  const double rank = std::ceil(part * static_cast<double>(values.size())) - 1.0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 0.0));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

LawError law_error(std::vector<double> log_ratios) {
  std::vector<double> percent;
  for (const double log_ratio : log_ratios) {
    percent.push_back(std::abs(std::expm1(-log_ratio)) * 100.0);
  }
  LawError error{.median_percent = quantile(percent, 0.5), .p90_percent = quantile(percent, 0.9)};
  error.log_bias = quantile(log_ratios, 0.5);
  for (double& log_ratio : log_ratios) log_ratio = std::abs(log_ratio - error.log_bias);
  error.log_sd = quantile(log_ratios, 0.68);
  return error;
}

LawError larger(const LawError& a, const LawError& b) {
  return {.median_percent = std::max(a.median_percent, b.median_percent),
          .p90_percent = std::max(a.p90_percent, b.p90_percent),
          .log_bias = std::abs(a.log_bias) > std::abs(b.log_bias) ? a.log_bias : b.log_bias,
          .log_sd = std::max(a.log_sd, b.log_sd)};
}

std::vector<double> apart(std::vector<double> values, double gap) {
  std::sort(values.begin(), values.end());
  std::vector<double> kept;
  for (const double value : values) {
    if (kept.empty() || value - kept.back() >= gap) kept.push_back(value);
  }
  if (!values.empty() && kept.back() < values.back()) {
    if (kept.size() > 1 && values.back() - kept.back() < 0.5 * gap) kept.pop_back();
    kept.push_back(values.back());
  }
  return kept;
}

}  // namespace helixsim
