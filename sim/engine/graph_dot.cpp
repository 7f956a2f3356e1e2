#include "sim/engine/graph_dot.hpp"

#include <algorithm>
#include <array>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/graphviz.hpp>
#include <ostream>
#include <utility>
#include <vector>

namespace helixsim {
namespace {

using BoostGraph = boost::compressed_sparse_row_graph<boost::directedS>;
using Vertex = boost::graph_traits<BoostGraph>::vertex_descriptor;
using Edge = boost::graph_traits<BoostGraph>::edge_descriptor;

constexpr std::array<const char*, 6> kColours{"#cfe2f3", "#fce5cd", "#d9ead3",
                                              "#ead1dc", "#fff2cc", "#d0e0e3"};

std::string in_microseconds(SimTime time) {
  const std::int64_t thousandths = (time.picoseconds() + 500) / 1000;
  std::string fraction = std::to_string(thousandths % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(thousandths / 1000) + "." + fraction;
}

/// Each dependency once, also where a stream repeats it.
BoostGraph to_boost_graph(const TaskGraph& graph) {
  std::vector<std::pair<TaskId, TaskId>> edges;
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    const auto before = graph.predecessors(task);
    std::vector<TaskId> distinct(before.begin(), before.end());
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (const TaskId one : distinct) edges.emplace_back(one, task);
  }
  return {boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(), graph.task_count()};
}

}  // namespace

void write_dot(const TaskGraph& graph, const Timeline& timeline,
               const std::function<std::string(TaskId)>& label, std::ostream& out) {
  std::vector<TaskId> follows(graph.task_count(), kNoTask);  // on the critical path
  std::vector<bool> critical(graph.task_count(), false);
  const std::vector<TaskId> path = critical_path(graph, timeline);
  for (std::size_t i = 0; i < path.size(); ++i) {
    critical[path[i]] = true;
    if (i > 0) follows[path[i]] = path[i - 1];
  }
  const BoostGraph boost_graph = to_boost_graph(graph);
  const auto write_vertex = [&](std::ostream& stream, Vertex vertex) {
    const auto task = static_cast<TaskId>(vertex);
    const SimTime length = timeline.finish(task) - timeline.start(task);
    const std::string text = label(task) + "\\n" + in_microseconds(timeline.start(task)) + " + " +
                             in_microseconds(length) + " us";
    stream << "[label=" << boost::escape_dot_string(text);
    if (const ResourceId resource = graph.resources()[task]; resource != kNoResource) {
      stream << ", fillcolor=\"" << kColours[resource % kColours.size()] << '"';
    }
    stream << (critical[task] ? ", penwidth=3]" : "]");
  };
  const auto write_edge = [&](std::ostream& stream, const Edge& edge) {
    const bool bold = follows[target(edge, boost_graph)] == source(edge, boost_graph);
    if (bold) stream << "[penwidth=3]";
  };
  const auto write_graph = [](std::ostream& stream) {
    stream << "rankdir=LR;\nnode [shape=box, style=\"filled,rounded\", fillcolor=white, "
              "fontname=\"Helvetica\"];\n";
  };
  boost::write_graphviz(out, boost_graph, write_vertex, write_edge, write_graph);
}

}  // namespace helixsim
