#include <catch2/catch.hpp>
#include <vector>

#include "sim/engine/executor.hpp"

using namespace helixsim;

TEST_CASE(
    "filling a chain of links takes no more than their number times its logarithm: a fixed "
    "defect",
    "[engine][fluid]") {
  // Flow i passes links i and i + 1, whose capacities all differ: every level fills one link, and
  // looking at all links for each level took minutes.
  constexpr int kFlows = 3000;
  TaskGraph graph;
  std::vector<LinkId> links;
  for (int i = 0; i <= kFlows; ++i)
    links.push_back(graph.add_link(1.0 + 1e-3 * ((i * 7919) % kFlows)));
  for (int i = 0; i < kFlows; ++i) {
    graph.add_flow({.latency = {},
                    .work = 1e6,
                    .links = std::span(links).subspan(static_cast<std::size_t>(i), 2),
                    .cap = {}});
  }
  graph.seal();
  Executor executor;
  const Timeline& timeline = executor.run(graph);
  for (TaskId flow = 0; flow < timeline.task_count(); ++flow) {
    // Never faster than alone on the slower of its links.
    const double alone = 1e6 / std::min(graph.link_capacities()[links[flow]],
                                        graph.link_capacities()[links[flow + 1]]);
    REQUIRE(static_cast<double>(timeline.finish(flow).picoseconds()) >= alone - 1.0);
  }
}
