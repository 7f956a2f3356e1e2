#include "sim/engine/graph_check.hpp"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <string>
#include <utility>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

using BoostGraph = boost::compressed_sparse_row_graph<boost::directedS>;
using Vertex = boost::graph_traits<BoostGraph>::vertex_descriptor;
using Edge = boost::graph_traits<BoostGraph>::edge_descriptor;

BoostGraph to_boost_graph(const TaskGraph& graph) {
  std::vector<std::pair<TaskId, TaskId>> edges;
  edges.reserve(graph.dependency_count());
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    for (const TaskId before : graph.predecessors(task)) {
      edges.emplace_back(before, task);
    }
  }
  return {boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(), graph.task_count()};
}

/// Thrown by the search at the first edge back: "1 -> 2 -> 1" is {1, 2}.
struct CycleFound {
  std::vector<TaskId> tasks;
};

/// The cycle in which `parents` leads from `last` back to `first` and `last` points at `first`.
std::vector<TaskId> cycle_of(const std::vector<Vertex>& parents, Vertex first, Vertex last) {
  std::vector<TaskId> tasks;
  for (Vertex vertex = last; vertex != first; vertex = parents[vertex]) {
    tasks.push_back(static_cast<TaskId>(vertex));
  }
  tasks.push_back(static_cast<TaskId>(first));
  std::reverse(tasks.begin(), tasks.end());
  return tasks;
}

/// Lists tasks in the order in which the search leaves them, which is a topological order reversed.
class OrderVisitor : public boost::default_dfs_visitor {
 public:
  OrderVisitor(std::vector<Vertex>& parents, std::vector<TaskId>& left)
      : parents_(&parents), left_(&left) {}

  void tree_edge(Edge edge, const BoostGraph& graph) {
    (*parents_)[target(edge, graph)] = source(edge, graph);
  }
  void back_edge(Edge edge, const BoostGraph& graph) {
    throw CycleFound{cycle_of(*parents_, target(edge, graph), source(edge, graph))};
  }
  void finish_vertex(Vertex vertex, const BoostGraph& /*graph*/) {
    left_->push_back(static_cast<TaskId>(vertex));
  }

 private:
  std::vector<Vertex>* parents_;
  std::vector<TaskId>* left_;
};

/// Errors: CycleFound.
std::vector<TaskId> search_order(const TaskGraph& graph) {
  ensure(graph.sealed(), "only a sealed graph has an order");
  std::vector<Vertex> parents(graph.task_count());
  std::vector<TaskId> order;
  order.reserve(graph.task_count());
  const BoostGraph boost_graph = to_boost_graph(graph);
  std::vector<boost::default_color_type> colors(graph.task_count());
  boost::depth_first_search(
      boost_graph, OrderVisitor(parents, order),
      boost::make_iterator_property_map(colors.begin(), get(boost::vertex_index, boost_graph)));
  std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace

std::vector<TaskId> find_cycle(const TaskGraph& graph) {
  if (graph.sealed() && graph.ids_are_topological()) return {};
  try {
    search_order(graph);
    return {};
  } catch (const CycleFound& cycle) {
    return cycle.tasks;
  }
}

std::vector<TaskId> topological_order(const TaskGraph& graph) {
  try {
    return search_order(graph);
  } catch (const CycleFound& cycle) {
    std::string text = "the task graph has a cycle: ";
    for (const TaskId task : cycle.tasks) text += std::to_string(task) + " -> ";
    ensure(false, text + std::to_string(cycle.tasks.front()));
  }
  return {};
}

void check_graph(const TaskGraph& graph) {
  topological_order(graph);
}

}  // namespace helixsim
