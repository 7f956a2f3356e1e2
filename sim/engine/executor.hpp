#pragma once

#include "sim/engine/event_executor.hpp"
#include "sim/engine/static_executor.hpp"
#include "sim/engine/task_graph.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim {

/// Runs a graph with the executor that fits: the static pass where the order is fixed, else the
/// event engine. Both give the same timeline where both apply. One object per thread.
class Executor {
 public:
  /// Errors: as StaticExecutor and EventExecutor.
  const Timeline& run(const TaskGraph& graph) {
    return graph.order_is_static() ? static_.run(graph) : events_.run(graph);
  }

 private:
  StaticExecutor static_;
  EventExecutor events_;
};

}  // namespace helixsim
