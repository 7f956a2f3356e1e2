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
    for (const TaskId successor : graph.successors(task)) {
      edges.emplace_back(task, successor);
    }
  }
  return {boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(), graph.task_count()};
}

/// "1 -> 2 -> 1", where `parents` leads from `last` back to `first` and `last` points at `first`.
std::string describe_cycle(const std::vector<Vertex>& parents, Vertex first, Vertex last) {
  std::string text = std::to_string(first);
  for (Vertex vertex = last; vertex != first; vertex = parents[vertex]) {
    text.insert(0, std::to_string(vertex) + " -> ");
  }
  return std::to_string(first) + " -> " + text;
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
    ensure(false, "the task graph has a cycle: " +
                      describe_cycle(*parents_, target(edge, graph), source(edge, graph)));
  }
  void finish_vertex(Vertex vertex, const BoostGraph& /*graph*/) {
    left_->push_back(static_cast<TaskId>(vertex));
  }

 private:
  std::vector<Vertex>* parents_;
  std::vector<TaskId>* left_;
};

}  // namespace

void check_graph(const TaskGraph& graph) {
  topological_order(graph);
}

std::vector<TaskId> topological_order(const TaskGraph& graph) {
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

}  // namespace helixsim
