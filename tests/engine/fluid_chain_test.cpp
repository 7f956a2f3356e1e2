#include <algorithm>
#include <catch2/catch.hpp>
#include <span>
#include <vector>

#include "sim/engine/executor.hpp"

using namespace helixsim;

TEST_CASE("a chain of links that fill one after the other is solved in one go: a fixed defect",
          "[engine][fluid]") {
  // Flow i passes links i and i + 1. Link 0 has room for flow 0 alone, link i for flows i - 1 and
  // i, and rates rise: each level fills one link, and looking at all open links for each took 5e9
  // looks. All end together, so there is one solution.
  constexpr int kFlows = 100'000;
  constexpr double kTime = 0x1p20;  // picoseconds
  const auto rate = [](int flow) { return 1.0 + flow * 0x1p-17; };
  TaskGraph graph;
  std::vector<LinkId> links{graph.add_link(rate(0))};
  for (int i = 1; i <= kFlows; ++i) links.push_back(graph.add_link(rate(i - 1) + rate(i)));
  for (int i = 0; i < kFlows; ++i) {
    graph.add_flow({.latency = {},
                    .work = rate(i) * kTime,
                    .links = std::span(links).subspan(static_cast<std::size_t>(i), 2),
                    .cap = {}});
  }
  graph.seal();
  Executor executor;
  const Timeline& timeline = executor.run(graph);
  for (TaskId flow = 0; flow < timeline.task_count(); ++flow) {
    REQUIRE(static_cast<double>(timeline.finish(flow).picoseconds()) == kTime);
  }
}

TEST_CASE("no flow of a chain of links is faster than alone on the slower of its two",
          "[engine][fluid]") {
  // Flow i passes links i and i + 1, whose capacities all differ.
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
