#pragma once

#include <vector>

#include "sim/calibration/power_law_loads.hpp"

namespace helixsim {

/// Experts that the logits of each token favour, token by token, `experts_per_token` each.
using FavouredExperts = std::vector<int>;

/// Even routing: the experts of a token lie a stride apart, and so do few tokens.
FavouredExperts evenly_favoured(const BenchmarkRouting& routing);

/// The pairs of the most loaded expert first, dealt to one token after the other.
FavouredExperts dealt(const BenchmarkRouting& routing, const ExpertLoads& loads);

/// Pairs of each expert when a token may go to four of eight groups only, as routing of DeepSeek-V3
/// has it: those whose two likeliest experts weigh most, and in them the likeliest experts; the
/// lower number where all is equal. Tokens whose favoured experts lie in other groups thus all go
/// to the first ones.
std::vector<int> group_limited_pairs(const BenchmarkRouting& routing,
                                     const FavouredExperts& favoured);

}  // namespace helixsim
