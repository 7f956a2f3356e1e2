#pragma once

#include <span>

#include "sim/calibration/record.hpp"

namespace helixsim {

/// Of a sorted list, between its places in proportion; `part` 0.5 is the median. Contract: not
/// empty.
double percentile_of(std::span<const double> sorted, double part);

/// Times of graph launches, in seconds, as times of one repetition: each over `reps`, less what a
/// repetition takes in a graph of empty kernels, at least 0.
Timing timing_of(std::span<const double> launches, int reps, double empty_seconds);

}  // namespace helixsim
