#include "hw_models/routes.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

constexpr FabricLinkId kUnlimited = -1;

struct Wire {
  FabricLinkId link = kUnlimited;
};
using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Wire>;
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;
using Edge = boost::graph_traits<Graph>::edge_descriptor;

/// The vertices of a fabric, numbered in blocks. Switches of a domain act as one, since every GPU
/// has the same links to each, and as two vertices: what limits them is the edge in between.
struct Vertices {
  explicit Vertices(const FabricSpec& spec)
      : gpus(static_cast<Vertex>(spec.total_gpus())), domains(static_cast<Vertex>(spec.domains)) {}

  [[nodiscard]] static Vertex gpu(int index) { return static_cast<Vertex>(index); }
  [[nodiscard]] Vertex nic(int of_gpu) const { return gpus + static_cast<Vertex>(of_gpu); }
  [[nodiscard]] Vertex switch_in(int domain) const {
    return 2 * gpus + static_cast<Vertex>(domain);
  }
  [[nodiscard]] Vertex switch_out(int domain) const { return switch_in(domain) + domains; }
  [[nodiscard]] Vertex network_in() const { return 2 * gpus + 2 * domains; }
  [[nodiscard]] Vertex network_out() const { return network_in() + 1; }
  [[nodiscard]] std::size_t count() const { return network_in() + 2; }

  Vertex gpus;
  Vertex domains;
};

Graph make_graph(const Fabric& fabric, const Vertices& at) {
  Graph graph(at.count());
  const auto join = [&](Vertex from, Vertex to, std::optional<FabricLinkId> link) {
    boost::add_edge(from, to, Wire{link.value_or(kUnlimited)}, graph);
  };
  for (int gpu = 0; gpu < fabric.total_gpus(); ++gpu) {
    const int domain = fabric.domain_of(gpu);
    join(at.gpu(gpu), at.switch_in(domain), fabric.egress_link(gpu));
    join(at.switch_out(domain), at.gpu(gpu), fabric.ingress_link(gpu));
    if (fabric.spec().domains < 2) continue;
    join(at.gpu(gpu), at.nic(gpu), kUnlimited);
    join(at.nic(gpu), at.gpu(gpu), kUnlimited);
    join(at.nic(gpu), at.network_in(), fabric.nic_egress_link(gpu));
    join(at.network_out(), at.nic(gpu), fabric.nic_ingress_link(gpu));
  }
  for (int domain = 0; domain < fabric.spec().domains; ++domain) {
    join(at.switch_in(domain), at.switch_out(domain), fabric.switch_link(domain));
  }
  join(at.network_in(), at.network_out(), fabric.scale_out_link());
  return graph;
}

/// The edge by which a search from `start` first reached each vertex.
std::vector<Edge> edges_into(const Graph& graph, Vertex start) {
  std::vector<Edge> into(boost::num_vertices(graph));
  boost::breadth_first_search(
      graph, start,
      boost::visitor(boost::make_bfs_visitor(
          boost::record_edge_predecessors(into.data(), boost::on_tree_edge()))));
  return into;
}

/// Appends the limiting links from `start` to `end`.
void append_path(const Graph& graph, const std::vector<Edge>& into, Vertex start, Vertex end,
                 std::vector<FabricLinkId>& links) {
  const auto begin = static_cast<std::ptrdiff_t>(links.size());
  for (Vertex vertex = end; vertex != start; vertex = boost::source(into[vertex], graph)) {
    const FabricLinkId link = graph[into[vertex]].link;
    if (link != kUnlimited) links.push_back(link);
  }
  std::reverse(links.begin() + begin, links.end());
}

}  // namespace

RouteTable::RouteTable(const Fabric& fabric, int gpus) : gpus_(gpus) {
  ensure(gpus >= 1 && gpus <= fabric.total_gpus(), "routes join GPUs of the fabric");
  const Vertices at(fabric.spec());
  const Graph graph = make_graph(fabric, at);
  std::vector<FabricLinkId> switch_links;
  std::vector<std::size_t> switch_begins;
  begins_.push_back(0);
  for (int source = 0; source < gpus; ++source) {
    const auto into = edges_into(graph, at.gpu(source));
    for (int target = 0; target < gpus; ++target) {
      append_path(graph, into, at.gpu(source), at.gpu(target), links_);
      begins_.push_back(links_.size());
    }
    const Vertex top = at.switch_out(fabric.domain_of(source));
    append_path(graph, into, at.gpu(source), top, switch_links);
    append_path(graph, edges_into(graph, top), top, at.gpu(source), switch_links);
    switch_begins.push_back(switch_links.size());
  }
  for (const std::size_t end : switch_begins) begins_.push_back(links_.size() + end);
  links_.insert(links_.end(), switch_links.begin(), switch_links.end());
}

std::span<const FabricLinkId> RouteTable::links_of(std::size_t route) const {
  return std::span(links_).subspan(begins_[route], begins_[route + 1] - begins_[route]);
}

std::span<const FabricLinkId> RouteTable::route(int source_gpu, int target_gpu) const {
  ensure(source_gpu >= 0 && source_gpu < gpus_ && target_gpu >= 0 && target_gpu < gpus_,
         "a route joins GPUs of the table");
  return links_of(static_cast<std::size_t>(source_gpu) * static_cast<std::size_t>(gpus_) +
                  static_cast<std::size_t>(target_gpu));
}

std::span<const FabricLinkId> RouteTable::switch_route(int gpu) const {
  ensure(gpu >= 0 && gpu < gpus_, "a route joins GPUs of the table");
  const auto pairs = static_cast<std::size_t>(gpus_) * static_cast<std::size_t>(gpus_);
  return links_of(pairs + static_cast<std::size_t>(gpu));
}

}  // namespace helixsim
