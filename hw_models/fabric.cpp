#include "hw_models/fabric.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>

#include "hw_models/gpu.hpp"
#include "sim/engine/contract.hpp"
#include "sim/units/literals.hpp"

namespace helixsim {
using namespace literals;
namespace {

struct Link {
  BytesPerSecond bandwidth;
};
using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property, Link>;

Graph make_graph(const FabricSpec& spec) {
  Graph graph(static_cast<std::size_t>(spec.gpus + spec.switches));
  for (int gpu = 0; gpu < spec.gpus; ++gpu) {
    for (int hub = 0; hub < spec.switches; ++hub) {
      boost::add_edge(static_cast<std::size_t>(gpu), static_cast<std::size_t>(spec.gpus + hub),
                      Link{spec.link_bandwidth * spec.links_per_switch}, graph);
    }
  }
  return graph;
}

std::vector<int> hops_from(const Graph& graph, std::size_t start) {
  std::vector<int> hops(boost::num_vertices(graph), -1);
  hops[start] = 0;
  boost::breadth_first_search(graph, start,
                              boost::visitor(boost::make_bfs_visitor(
                                  boost::record_distances(hops.data(), boost::on_tree_edge()))));
  return hops;
}

/// Bandwidth of the links of `gpu` that lie on shortest routes to `peer`.
BytesPerSecond egress_towards(const Graph& graph, std::size_t gpu,
                              const std::vector<int>& hops_from_peer) {
  BytesPerSecond total;
  for (auto [edge, end] = boost::out_edges(gpu, graph); edge != end; ++edge) {
    if (hops_from_peer[boost::target(*edge, graph)] == hops_from_peer[gpu] - 1) {
      total += graph[*edge].bandwidth;
    }
  }
  return total;
}

}  // namespace

Fabric::Fabric(const FabricSpec& spec) : spec_(spec) {
  lone_ = {.egress = spec.link_bandwidth * spec.links_per_switch * spec.switches, .hops = 0};
  shared_ = lone_;
  if (spec.gpus < 2) return;
  // Every pair of GPUs of this fabric sees the same links, so one pair stands for all.
  const Graph graph = make_graph(spec);
  const auto hops = hops_from(graph, 1);
  shared_ = {.egress = egress_towards(graph, 0, hops), .hops = hops[0]};
}

const GroupPorts& Fabric::ports(int group) const {
  ensure(group >= 1 && group <= spec_.gpus, "a group must fit the fabric");
  return group == 1 ? lone_ : shared_;
}

FabricSpec read_fabric(const Node& node) {
  node.allow_only(
      {"gpus", "switches", "links_per_gpu_and_switch", "link_bandwidth", "in_switch_reduction"});
  return {.gpus = static_cast<int>(sourced(node, "gpus").integer("value", {1, 1024})),
          .switches = static_cast<int>(sourced(node, "switches").integer("value", {1, 1024})),
          .links_per_switch =
              static_cast<int>(sourced(node, "links_per_gpu_and_switch").integer("value", {1, 64})),
          .link_bandwidth = sourced(node, "link_bandwidth").rate("value", {1_GBps, 10.0_TBps}),
          .in_switch_reduction = sourced(node, "in_switch_reduction").boolean("value", false)};
}

}  // namespace helixsim
