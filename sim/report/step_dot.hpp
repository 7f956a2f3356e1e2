#pragma once

#include <cstddef>
#include <iosfwd>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/rack_step.hpp"

namespace helixsim {

/// Larger graphs are not drawn in reasonable time, nor understood.
inline constexpr std::size_t kMostDotTasks = 5000;

/// The task graph of one rank, every kind of block once, in Graphviz's DOT language: kernels,
/// communication and latencies by colour, the critical path in bold. `evaluator` has evaluated
/// `point` last; it is feasible.
void write_step_dot(const Evaluator& evaluator, const Point& point, std::ostream& out);

/// The same of every rank and layer that `step` has run.
///
/// Errors: ConfigError for more than kMostDotTasks tasks.
void write_rack_dot(const RackStep& step, const Setup& setup, const Point& point,
                    std::ostream& out);

}  // namespace helixsim
