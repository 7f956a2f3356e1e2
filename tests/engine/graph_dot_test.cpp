#include "sim/engine/graph_dot.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "sim/engine/executor.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

TEST_CASE("a run as DOT names tasks and draws the critical path bold", "[engine][graph_dot]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource(ResourceKind::Stream);
  graph.add({.work = ps(4000), .resource = stream});
  graph.add({.work = ps(1000)});
  graph.add({.work = ps(2'000'000), .resource = stream}, {0, 1});
  graph.seal();
  Executor executor;
  std::ostringstream out;
  write_dot(
      graph, executor.run(graph), [](TaskId t) { return "task \"" + std::to_string(t) + "\""; },
      out);
  const std::string text = out.str();
  CHECK_THAT(text, Catch::Contains("digraph"));
  CHECK_THAT(text, Catch::Contains("0.004 + 2.000 us"));
  CHECK_THAT(text, Catch::Contains("task \\\"2\\\""));
  CHECK_THAT(text, Catch::Contains("0->2 [penwidth=3]"));  // the stream's dependency, once
  CHECK_THAT(text, Catch::Contains("1->2 ;"));
}
