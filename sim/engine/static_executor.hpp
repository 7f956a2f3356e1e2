#pragma once

#include "sim/engine/task_graph.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim {

/// Runs task graphs whose order is fixed before the run: every exclusive resource is a stream and
/// nothing is shared by rate. One pass over the predecessors, without a queue:
/// start = max over predecessors of their finish.
///
/// Gives what EventExecutor gives, bit for bit. The object only keeps memory from run to run. One
/// object per thread.
class StaticExecutor {
 public:
  /// Runs a sealed graph. The timeline is valid until the next run.
  ///
  /// Errors: std::logic_error when the graph is not sealed or graph.order_is_static() is false.
  const Timeline& run(const TaskGraph& graph);

 private:
  Timeline timeline_;
};

}  // namespace helixsim
