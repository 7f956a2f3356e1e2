#pragma once

#include <cstdint>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim::bench {

/// The least that any replay of a sealed graph does: start = max over predecessors of their finish,
/// start and finish written down, over the graph's own arrays. Written apart from the engine, as
/// the yardstick for it. `spans` has room for all tasks. Gives the makespan.
std::int64_t bare_pass(const TaskGraph& graph, Timeline::Span* spans);

}  // namespace helixsim::bench
