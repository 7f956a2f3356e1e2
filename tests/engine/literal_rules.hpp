#pragma once

#include <vector>

#include "sim/engine/time.hpp"
#include "tests/engine/random_graph.hpp"

namespace helixsim {

struct LiteralResult {
  std::vector<SimTime> start;
  std::vector<SimTime> finish;
};

/// The rules of order as they are written, in the slowest and plainest way: every round looks at
/// every task, and every instant fills the rates of all flows anew, in long double. The plan must
/// be acyclic and take less than 281 s.
LiteralResult run_by_literal_rules(const GraphPlan& plan);

}  // namespace helixsim
