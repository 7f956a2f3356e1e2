#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim {

/// Writes a run in Graphviz's DOT language: a box a task with `label` and its start and length, a
/// colour a resource, an arrow a dependency; the critical path is drawn bold. `timeline` must come
/// from a run of this graph.
void write_dot(const TaskGraph& graph, const Timeline& timeline,
               const std::function<std::string(TaskId)>& label, std::ostream& out);

}  // namespace helixsim
