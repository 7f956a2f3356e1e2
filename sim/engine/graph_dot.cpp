#include "sim/engine/graph_dot.hpp"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/graphviz.hpp>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

using BoostGraph = boost::compressed_sparse_row_graph<boost::directedS>;
using Vertex = boost::graph_traits<BoostGraph>::vertex_descriptor;
using Edge = boost::graph_traits<BoostGraph>::edge_descriptor;
using Arrow = std::pair<TaskId, TaskId>;

constexpr const char* kBold = ", penwidth=4, color=\"#b00020\"";

/// Every dependency once, by the task before and then by the one after.
std::vector<Arrow> arrows_of(const TaskGraph& graph) {
  std::vector<Arrow> arrows;
  arrows.reserve(graph.dependency_count());
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    for (const TaskId before : graph.predecessors(task)) arrows.emplace_back(before, task);
  }
  std::sort(arrows.begin(), arrows.end());
  arrows.erase(std::unique(arrows.begin(), arrows.end()), arrows.end());
  return arrows;
}

/// Text in quotes; "\n" stays the end of a line.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

void write_dot(const TaskGraph& graph, const Timeline& timeline, std::string_view title,
               const std::function<DotTask(TaskId)>& task_of, std::ostream& out) {
  ensure(graph.sealed() && graph.task_count() == timeline.task_count(),
         "the timeline is of another graph");
  const std::vector<TaskId> path = critical_path(graph, timeline);
  std::vector<bool> on_path(graph.task_count(), false);
  std::set<Arrow> path_arrows;
  for (std::size_t i = 0; i < path.size(); ++i) {
    on_path[path[i]] = true;
    if (i > 0) path_arrows.emplace(path[i - 1], path[i]);
  }
  const std::vector<Arrow> arrows = arrows_of(graph);
  const BoostGraph boost_graph(boost::edges_are_sorted, arrows.begin(), arrows.end(),
                               graph.task_count());
  boost::write_graphviz(
      out, boost_graph,
      [&](std::ostream& text, Vertex vertex) {
        const DotTask task = task_of(static_cast<TaskId>(vertex));
        text << " [label=" << quoted(task.label);
        if (!task.fill.empty()) text << ", fillcolor=" << quoted(task.fill);
        text << (on_path[vertex] ? kBold : "") << "]";
      },
      [&](std::ostream& text, const Edge& edge) {
        const Arrow arrow(static_cast<TaskId>(source(edge, boost_graph)),
                          static_cast<TaskId>(target(edge, boost_graph)));
        if (path_arrows.count(arrow) > 0) text << " [" << kBold + 2 << "]";
      },
      [&](std::ostream& text) {
        text << "label=" << quoted(title) << ";\nlabelloc=t;\n"
             << "node [shape=box, style=\"rounded,filled\", fillcolor=white, "
                "fontname=\"Helvetica\"];\n";
      });
}

}  // namespace helixsim
