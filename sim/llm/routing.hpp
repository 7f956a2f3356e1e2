#pragma once

#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// Routed experts that are active, meaning that at least one token chose them, on one
/// expert-parallel rank.
struct ActiveExperts {
  double mean = 0.0;     ///< over ranks
  double largest = 0.0;  ///< expectation of the rank with the most
};

/// Every token picks `experts_per_token` distinct experts uniformly; `ep` ranks hold equal shares
/// of the experts. Model:  an expert is active with p = 1 - (1 - k/E)^tokens; mean = (E/ep) p;
///         largest = sum over a >= 0 of 1 - F(a)^ep, F the binomial distribution of (E/ep, p):
///         experts taken as independent, an estimate (their counts are slightly negatively
///         correlated).
/// Source: order statistics of independent draws; checked by simulation in
/// tests/llm/routing_test.cpp.
///
/// The same bytes on every machine: integer powers by multiplication, and `largest`, which needs
/// logarithms, rounded to a multiple of 2^-36.
ActiveExperts active_experts(const MoeFfnSpec& moe, long long tokens, int ep);

/// Ranks other than its own to which one token goes: (ep - 1) (1 - (1 - 1/ep)^k), each of its k
/// experts drawn independently. Source: tests/reference/README.md, family dp.
double other_ranks_reached(const MoeFfnSpec& moe, int ep);

}  // namespace helixsim
