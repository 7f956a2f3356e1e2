#include "sim/engine/static_executor.hpp"

#include <algorithm>

namespace helixsim {

const Timeline& StaticExecutor::run(const TaskGraph& graph) {
  ensure(graph.sealed(), "only a sealed graph can be run");
  ensure(graph.order_is_static(), "the order of this graph is found at run time");
  const std::size_t tasks = graph.task_count();
  const std::int64_t* const durations = graph.spans().data();
  const std::uint32_t* const offsets = graph.predecessor_offsets().data();
  const TaskId* const predecessors = graph.all_predecessors().data();
  Timeline::Span* const spans = timeline_.reset(tasks);
  SimTime makespan;
  std::uint32_t next = 0;
  for (std::size_t task = 0; task < tasks; ++task) {
    SimTime start;
    for (const std::uint32_t end = offsets[task + 1]; next < end; ++next) {
      start = std::max(start, spans[predecessors[next]].finish);
    }
    const SimTime finish = start + SimTime(durations[task]);
    spans[task] = {start, finish};
    makespan = std::max(makespan, finish);
  }
  timeline_.set_makespan(makespan);
  return timeline_;
}

}  // namespace helixsim
