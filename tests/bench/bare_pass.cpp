#include "tests/bench/bare_pass.hpp"

#include <algorithm>

namespace helixsim::bench {

std::int64_t bare_pass(const TaskGraph& graph, Timeline::Span* spans) {
  const std::size_t tasks = graph.task_count();
  const std::int64_t* const durations = graph.spans().data();
  const std::uint32_t* const offsets = graph.predecessor_offsets().data();
  const TaskId* const predecessors = graph.all_predecessors().data();
  SimTime makespan;
  std::uint32_t i = 0;
  for (std::size_t task = 0; task < tasks; ++task) {
    SimTime start;
    for (const std::uint32_t end = offsets[task + 1]; i < end; ++i) {
      start = std::max(start, spans[predecessors[i]].finish);
    }
    const SimTime finish = start + SimTime(durations[task]);
    spans[task] = {start, finish};
    makespan = std::max(makespan, finish);
  }
  return makespan.picoseconds();
}

}  // namespace helixsim::bench
