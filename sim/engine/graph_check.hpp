#pragma once

#include <vector>

#include "sim/engine/task_graph.hpp"

namespace helixsim {

/// Checks that a sealed graph can be run: no task waits for itself, directly or through others.
///
/// Errors: std::logic_error that names the tasks of one cycle in order.
void check_graph(const TaskGraph& graph);

/// The tasks of one cycle in order, each before the next and the last before the first; empty when
/// the graph has none.
std::vector<TaskId> find_cycle(const TaskGraph& graph);

/// All tasks, each after those it depends on.
///
/// Errors: as check_graph.
std::vector<TaskId> topological_order(const TaskGraph& graph);

}  // namespace helixsim
