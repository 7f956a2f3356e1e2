#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/random.hpp"
#include "tools/calibrate/kernels/arithmetic/formats.hpp"

namespace helixsim {

/// Attention of one query row over `tokens` keys and values in FP64: the twin of every kernel.
struct AttentionRow {
  std::vector<double> out;
  double lse2 = 0.0;
};
struct AttentionInput {
  std::vector<double> q;                    ///< width of keys
  std::vector<std::vector<double>> keys;    ///< by token
  std::vector<std::vector<double>> values;  ///< by token
  double scale_log2 = 1.0;
};
AttentionRow attention_reference(const AttentionInput& input);

/// About normal numbers, seeded.
double normal(Random& random);

/// Largest difference over the largest number of the reference.
double relative_error(const std::vector<double>& found, const std::vector<double>& expected);

}  // namespace helixsim
