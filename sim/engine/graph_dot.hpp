#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim {

/// How a task is drawn; empty texts leave Graphviz its own choice.
struct DotTask {
  std::string label;      ///< lines end with "\n"
  std::string_view fill;  ///< a colour of Graphviz
};

/// Writes a graph that has run in Graphviz's DOT language: tasks as boxes, an arrow for everything
/// that a task waits for, and the critical path in bold. The bytes depend on the arguments alone.
///
/// Contract: `timeline` is of a run of `graph`, which is sealed.
void write_dot(const TaskGraph& graph, const Timeline& timeline, std::string_view title,
               const std::function<DotTask(TaskId)>& task_of, std::ostream& out);

}  // namespace helixsim
