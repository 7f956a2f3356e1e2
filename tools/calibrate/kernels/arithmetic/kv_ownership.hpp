#pragma once

#include <cstdint>

#include "tools/calibrate/kernels/host_device.hpp"

namespace helixsim::kernels {

/// Which KVP rank keeps a token's keys and values: blocks of `block` tokens go round the ranks.
/// Source: Helix, section 2.3, "round-robin"; TensorRT-LLM appends 32 tokens before the next rank.
struct KvOwnership {
  std::int64_t ranks = 1;
  std::int64_t block = 16;

  [[nodiscard]] HELIXSIM_HOST_DEVICE std::int64_t owner_of(std::int64_t token) const {
    return token / block % ranks;
  }
  /// The token's place among those that its owner keeps.
  [[nodiscard]] HELIXSIM_HOST_DEVICE std::int64_t place_of(std::int64_t token) const {
    return token / (block * ranks) * block + token % block;
  }
  /// The token at a place of a rank: the inverse of both.
  [[nodiscard]] HELIXSIM_HOST_DEVICE std::int64_t token_at(std::int64_t rank,
                                                           std::int64_t place) const {
    return (place / block * ranks + rank) * block + place % block;
  }
  /// Tokens that `rank` keeps of the first `tokens`.
  [[nodiscard]] HELIXSIM_HOST_DEVICE std::int64_t kept_by(std::int64_t rank,
                                                          std::int64_t tokens) const {
    const std::int64_t round = block * ranks;
    const std::int64_t rest = tokens % round - rank * block;
    const std::int64_t part = rest < 0 ? 0 : rest < block ? rest : block;
    return tokens / round * block + part;
  }
};

}  // namespace helixsim::kernels
