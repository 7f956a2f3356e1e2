#include "tests/kernels/attention_case.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace helixsim {

AttentionRow attention_reference(const AttentionInput& input) {
  constexpr double kNothing = -std::numeric_limits<double>::infinity();
  std::vector<double> scores;
  double largest = kNothing;
  for (const auto& key : input.keys) {
    double score = 0.0;
    for (std::size_t i = 0; i < key.size(); ++i) score += input.q[i] * key[i];
    scores.push_back(score * input.scale_log2);
    largest = std::max(largest, scores.back());
  }
  AttentionRow row{.out = std::vector<double>(input.values.empty() ? 0 : input.values[0].size()),
                   .lse2 = kNothing};
  double sum = 0.0;
  for (std::size_t token = 0; token < scores.size(); ++token) {
    const double weight = std::exp2(scores[token] - largest);
    sum += weight;
    for (std::size_t i = 0; i < row.out.size(); ++i) row.out[i] += weight * input.values[token][i];
  }
  if (scores.empty()) return row;
  for (double& number : row.out) number /= sum;
  row.lse2 = largest + std::log2(sum);
  return row;
}

double normal(Random& random) {
  double sum = 0.0;
  for (int i = 0; i < 12; ++i) sum += random.unit();
  return sum - 6.0;
}

double relative_error(const std::vector<double>& found, const std::vector<double>& expected) {
  double largest = 0.0;
  double most = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    const double error = std::abs(found[i] - expected[i]);
    most = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(most, error);
  }
  return largest > 0.0 ? most / largest : most;
}

}  // namespace helixsim
