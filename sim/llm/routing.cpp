#include "sim/llm/routing.hpp"

#include <algorithm>
#include <cmath>

namespace helixsim {
namespace {

/// base^exponent by squaring: IEEE multiplications only, so no two machines differ.
double integer_power(double base, long long exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result *= base;
    base *= base;
  }
  return result;
}

/// Expectation of the largest of `draws` independent binomial(n, p) variables. Probabilities come
/// from logarithms: (1-p)^n underflows for p near 1.
double largest_of_binomials(int n, double p, int draws) {
  if (p <= 0.0) return 0.0;
  if (p >= 1.0) return n;
  const double log_p = std::log(p);
  const double log_q = std::log1p(-p);
  double log_choose = 0.0;  // of n over a
  double below = 0.0;
  double expectation = 0.0;
  for (int a = 0; a < n; ++a) {
    below += std::exp(log_choose + a * log_p + (n - a) * log_q);
    expectation += 1.0 - integer_power(std::min(below, 1.0), draws);
    log_choose += std::log((n - a) / (a + 1.0));
  }
  // Logarithms differ between C libraries and processors in their last bits: drop those.
  constexpr double kGrid = 68719476736.0;  // 2^36
  return std::round(expectation * kGrid) / kGrid;
}

}  // namespace

ActiveExperts active_experts(const MoeFfnSpec& moe, long long tokens, int ep) {
  const double chosen = static_cast<double>(moe.experts_per_token) / moe.experts;
  const double p = 1.0 - integer_power(1.0 - chosen, tokens);
  const double held = static_cast<double>(moe.experts) / ep;
  const double mean = held * p;
  if (ep == 1) return {.mean = mean, .largest = mean};
  const double largest = largest_of_binomials(static_cast<int>(std::ceil(held)), p, ep);
  return {.mean = mean, .largest = std::max(mean, largest)};
}

double other_ranks_reached(const MoeFfnSpec& moe, int ep) {
  return (ep - 1.0) * (1.0 - integer_power(1.0 - 1.0 / ep, moe.experts_per_token));
}

}  // namespace helixsim
