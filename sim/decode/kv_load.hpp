#pragma once

#include <span>
#include <vector>

#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"

namespace helixsim {

/// Tokens of a context of `tokens` whose place, counted in blocks of `block`, falls to rank `kvp`
/// of `width` when blocks go round.
double tokens_owned(double tokens, int block, int kvp, int width);

/// By KVP rank: cached tokens of `contexts` that it holds, over an even share of all. Source: the
/// round-robin append of Helix (arXiv 2507.07120, section 2.3).
std::vector<double> kv_loads(std::span<const double> contexts, int block, int width);

/// By rank of a stage: cached tokens that it reads, over an even share; empty when all contexts are
/// equal and no append block is given. Attention group g of dp holds requests g b to (g + 1) b - 1.
std::vector<double> attention_loads(const Setup& setup, const Point& point);

/// KV cache of the fullest rank over an even share.
double fullest_kv_load(const Setup& setup, const Point& point);

}  // namespace helixsim
