#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "tools/calibrate/kernels/arithmetic/kv_ownership.hpp"

/// What attention blocks of both kinds need of a KV shard.
namespace helixsim::rank_layer {

/// Tokens of each request that a rank keeps once the new ones, at `positions`, are appended.
inline std::vector<int> kept_lengths(const std::vector<int>& positions,
                                     const kernels::KvOwnership& ownership, std::int64_t rank) {
  std::vector<int> lengths;
  for (const int position : positions)
    lengths.push_back(static_cast<int>(ownership.kept_by(rank, position + 1)));
  return lengths;
}

/// Cosine and sine of each pair's angle: [position from `first` on, pairs, 2].
inline std::vector<float> rope_table(unsigned first, unsigned positions, unsigned pairs,
                                     double base) {
  std::vector<float> table;
  table.reserve(std::size_t{positions} * pairs * 2);
  for (unsigned position = first; position < first + positions; ++position) {
    for (unsigned i = 0; i < pairs; ++i) {
      const double angle = position * std::pow(base, -static_cast<double>(i) / pairs);
      table.push_back(static_cast<float>(std::cos(angle)));
      table.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return table;
}

}  // namespace helixsim::rank_layer
