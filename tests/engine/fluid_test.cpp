#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "sim/engine/executor.hpp"
#include "sim/engine/fluid_network.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

TaskId add_flow(TaskGraph& graph, double work, const std::vector<LinkId>& links,
                const std::vector<TaskId>& after = {}, std::optional<double> cap = std::nullopt) {
  return graph.add_flow({.latency = {}, .work = work, .links = links, .cap = cap}, after);
}

Timeline run(TaskGraph& graph, std::vector<LinkSample>* samples = nullptr) {
  graph.seal();
  EventExecutor executor;
  return executor.run(graph, samples);
}

}  // namespace

TEST_CASE("two flows share a link equally, and the longer one has it alone after that",
          "[engine][fluid]") {
  TaskGraph graph;
  const LinkId link = graph.add_link(10.0);
  const TaskId brief = add_flow(graph, 100, {link});
  const TaskId lasting = add_flow(graph, 300, {link});
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(brief) == ps(20));         // 100 at 5
  CHECK(timeline.finish(lasting) == ps(20 + 20));  // 200 of 300 left, at 10
}

TEST_CASE("a cap leaves the rest of the link to others", "[engine][fluid]") {
  TaskGraph graph;
  const LinkId link = graph.add_link(10.0);
  const TaskId capped = add_flow(graph, 100, {link}, {}, 2.0);
  const TaskId open = add_flow(graph, 400, {link});
  const TaskId free = add_flow(graph, 60, {}, {}, 3.0);  // no link at all
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(capped) == ps(50));
  CHECK(timeline.finish(open) == ps(50));  // at 8
  CHECK(timeline.finish(free) == ps(20));
}

TEST_CASE("a cap above the fair share has no effect", "[engine][fluid]") {
  TaskGraph graph;
  const LinkId link = graph.add_link(10.0);
  add_flow(graph, 100, {link}, {}, 5.0);
  const TaskId other = add_flow(graph, 100, {link}, {}, 9.0);
  CHECK(run(graph).finish(other) == ps(20));
}

TEST_CASE("a late joiner slows the flow that is under way", "[engine][fluid]") {
  TaskGraph graph;
  const LinkId link = graph.add_link(10.0);
  const TaskId first = add_flow(graph, 200, {link});
  const TaskId delay = graph.add({.latency = {}, .work = ps(10)});
  const TaskId joiner = add_flow(graph, 100, {link}, {delay});
  const Timeline timeline = run(graph);
  // 100 of 200 are through at 10; then both at 5.
  CHECK(timeline.finish(first) == ps(30));
  CHECK(timeline.finish(joiner) == ps(30));
}

TEST_CASE("a flow that ends frees one that shares no link with it", "[engine][fluid]") {
  // a on X; b on X and Y; c on Y. X of 6 is shared 3 and 3, so c has 12 - 3 = 9. Once a has ended,
  // b and c get 6 each.
  TaskGraph graph;
  const LinkId x = graph.add_link(6.0);
  const LinkId y = graph.add_link(12.0);
  const TaskId a = add_flow(graph, 30, {x});
  const TaskId b = add_flow(graph, 90, {x, y});
  const TaskId c = add_flow(graph, 150, {y});
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(a) == ps(10));
  CHECK(timeline.finish(b) == ps(10 + 10));  // 60 left at 6
  CHECK(timeline.finish(c) == ps(20));       // 60 left at 6
}

TEST_CASE("of several links the tightest sets the rate", "[engine][fluid]") {
  TaskGraph graph;
  const LinkId wide = graph.add_link(100.0);
  const LinkId narrow = graph.add_link(4.0);
  const TaskId through = add_flow(graph, 40, {wide, narrow});
  const TaskId beside = add_flow(graph, 960, {wide});
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(through) == ps(10));
  CHECK(timeline.finish(beside) == ps(10));  // at 96
}

TEST_CASE("a slow port holds up an all-to-all, and others use what it leaves", "[engine][fluid]") {
  // 4 ranks, 12 a pair; ports of 6, the ingress of rank 3 has 3. Its three flows run at 1. The
  // others: each egress has 6 - 1 = 5 for two flows, 2.5 each, but rank 3 sends three at 2; an
  // ingress of 6 takes 2 + 2 x 2.5 > 6. Filling: level 1 freezes flows to 3; at level 2 the ingress
  // ports 0, 1, 2 with three flows are full, so all others run at 2 and end at 6.
  TaskGraph graph;
  std::vector<LinkId> out;
  std::vector<LinkId> in;
  for (int rank = 0; rank < 4; ++rank) {
    out.push_back(graph.add_link(6.0));
    in.push_back(graph.add_link(rank == 3 ? 3.0 : 6.0));
  }
  std::vector<TaskId> to_slow;
  std::vector<TaskId> others;
  for (std::size_t from = 0; from < 4; ++from) {
    for (std::size_t to = 0; to < 4; ++to) {
      if (from == to) continue;
      (to == 3 ? to_slow : others).push_back(add_flow(graph, 12, {out[from], in[to]}));
    }
  }
  const Timeline timeline = run(graph);
  for (const TaskId task : others) CHECK(timeline.finish(task) == ps(6));
  for (const TaskId task : to_slow) CHECK(timeline.finish(task) == ps(12));
}

TEST_CASE("a flow holds its exclusive resource from start to finish", "[engine][fluid]") {
  TaskGraph graph;
  const ResourceId copy = graph.add_resource();
  const LinkId link = graph.add_link(10.0);
  const TaskId kernel = graph.add({.latency = {}, .work = ps(5), .resource = copy});
  const std::vector<LinkId> links{link};
  const TaskId first =
      graph.add_flow({.latency = ps(3), .work = 100, .links = links, .cap = {}, .resource = copy});
  const TaskId second =
      graph.add_flow({.latency = ps(3), .work = 100, .links = links, .cap = {}, .resource = copy});
  const Timeline timeline = run(graph);
  CHECK(timeline.start(first) == timeline.finish(kernel));
  CHECK(timeline.finish(first) == ps(5 + 3 + 10));
  CHECK(timeline.start(second) == ps(18));  // not while the first is under way
  CHECK(timeline.finish(second) == ps(18 + 13));
  CHECK(timeline.previous_on_resource(second) == first);
}

TEST_CASE("flows on a stream run in order of id", "[engine][fluid]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource(ResourceKind::Stream);
  const std::vector<LinkId> links{graph.add_link(10.0)};
  const TaskId gate = graph.add({.latency = {}, .work = ps(7)});
  const TaskId first =
      graph.add_flow({.latency = {}, .work = 100, .links = links, .cap = {}, .resource = stream},
                     std::vector{gate});
  const TaskId second =
      graph.add_flow({.latency = {}, .work = 100, .links = links, .cap = {}, .resource = stream});
  const Timeline timeline = run(graph);
  CHECK(timeline.start(first) == ps(7));
  CHECK(timeline.start(second) == ps(17));  // though it was ready at 0
}

TEST_CASE("latency passes before the body and uses no link", "[engine][fluid]") {
  TaskGraph graph;
  const std::vector<LinkId> links{graph.add_link(10.0)};
  const TaskId late = graph.add_flow({.latency = ps(8), .work = 40, .links = links, .cap = {}});
  const TaskId early = add_flow(graph, 100, links);
  const Timeline timeline = run(graph);
  CHECK(timeline.start(late) == ps(0));
  // 80 of 100 through at 8; both at 5 until 12, when the early one is done; 20 left at 10.
  CHECK(timeline.finish(early) == ps(12));
  CHECK(timeline.finish(late) == ps(14));
}

TEST_CASE("a flow without work is its latency, and a link is not asked", "[engine][fluid]") {
  TaskGraph graph;
  const std::vector<LinkId> links{graph.add_link(1.0)};
  const TaskId empty = graph.add_flow({.latency = ps(4), .work = 0, .links = links, .cap = {}});
  const TaskId none = graph.add_flow({.latency = {}, .work = 0, .links = links, .cap = {}});
  const TaskId full = add_flow(graph, 10, links);
  CHECK_FALSE(graph.is_flow(empty));
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(empty) == ps(4));
  CHECK(timeline.finish(none) == ps(0));
  CHECK(timeline.finish(full) == ps(10));
}

TEST_CASE("a fluid end and a fixed end at one instant are one round", "[engine][fluid]") {
  // Three thirds of 10 and a delay of 10: both tasks are ready at once and the lower id is first.
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const LinkId link = graph.add_link(3.0);
  const TaskId after_flow = graph.add({.latency = {}, .work = ps(5), .resource = stream});
  const TaskId after_delay = graph.add({.latency = {}, .work = ps(5), .resource = stream});
  const TaskId delay = graph.add({.latency = {}, .work = ps(10)});
  for (int i = 0; i < 3; ++i) {
    const TaskId flow = add_flow(graph, 10, {link});
    graph.depend(flow, after_flow);
  }
  graph.depend(delay, after_delay);
  const Timeline timeline = run(graph);
  CHECK(timeline.start(after_flow) == ps(10));
  CHECK(timeline.start(after_delay) == ps(15));
}

TEST_CASE("ends at most 1 ps apart are one instant, ends 2 ps apart are not", "[engine][fluid]") {
  const auto fixed = GENERATE(98, 99, 100, 101, 102);
  CAPTURE(fixed);
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const LinkId link = graph.add_link(1.0);
  const TaskId after_flow = graph.add({.latency = {}, .work = ps(5), .resource = stream});
  const TaskId after_delay = graph.add({.latency = {}, .work = ps(5), .resource = stream});
  const TaskId flow = add_flow(graph, 100, {link});
  const TaskId delay = graph.add({.latency = {}, .work = ps(fixed)});
  graph.depend(flow, after_flow);
  graph.depend(delay, after_delay);
  const Timeline timeline = run(graph);
  const bool same = fixed >= 99 && fixed <= 101;
  CHECK(timeline.finish(delay) == ps(fixed));  // a fixed end is never moved
  CHECK(timeline.finish(flow) == (same ? ps(fixed) : ps(100)));
  CHECK((timeline.start(after_flow) < timeline.start(after_delay)) == (fixed >= 99));
}

TEST_CASE("late in time an instant is as wide as a double tells apart", "[engine][fluid]") {
  const SimTime late(std::int64_t{1} << 50);  // 1 + 2^50 / 2^48 = 5 ps
  CHECK(FluidNetwork::same_instant(ps(0)) == ps(1));
  CHECK(FluidNetwork::same_instant(late - ps(1)) == late - ps(1) + ps(4));
  CHECK(FluidNetwork::same_instant(late) == late + ps(5));
  const SimTime end(std::numeric_limits<std::int64_t>::max());
  CHECK(FluidNetwork::same_instant(end) == end);
  const auto [beyond, same] = GENERATE(std::pair(5, true), std::pair(6, false));
  TaskGraph graph;
  const LinkId link = graph.add_link(1.0);
  const TaskId flow = add_flow(graph, static_cast<double>(late.picoseconds()) + beyond, {link});
  graph.add({.latency = {}, .work = late});
  CHECK(run(graph).finish(flow) == (same ? late : late + ps(beyond)));
}

TEST_CASE("flows that end together in exact arithmetic end together", "[engine][fluid]") {
  // Seven flows at 1/7, one of them after two of half its work; 14/7 in doubles is not 2 for each
  // sum of sevenths.
  TaskGraph graph;
  const LinkId link = graph.add_link(1.0);
  std::vector<TaskId> whole;
  for (int i = 0; i < 6; ++i) whole.push_back(add_flow(graph, 1e6, {link}));
  const TaskId half = add_flow(graph, 5e5, {link});
  const TaskId rest = add_flow(graph, 5e5, {link}, {half});
  const Timeline timeline = run(graph);
  for (const TaskId task : whole) CHECK(timeline.finish(task) == timeline.finish(rest));
  CHECK(timeline.makespan() == ps(7'000'000));
}

TEST_CASE("the log of a link says what is in use from when on", "[engine][fluid]") {
  TaskGraph graph;
  const LinkId link = graph.add_link(10.0);
  add_flow(graph, 40, {link}, {}, 4.0);
  const TaskId delay = graph.add({.latency = {}, .work = ps(5)});
  add_flow(graph, 60, {link}, {delay});
  std::vector<LinkSample> samples;
  run(graph, &samples);
  // 4 from 0; 10 from 5; the capped one ends at 10 with 30 of 60 left, which need 10 until 13.
  REQUIRE(samples.size() == 4);
  const double used[] = {4.0, 10.0, 10.0, 0.0};
  const std::int64_t times[] = {0, 5, 10, 13};
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(samples[i].time == ps(times[i]));
    CHECK(samples[i].link == link);
    CHECK(samples[i].used == Approx(used[i]));
  }
}

TEST_CASE("a graph refuses flows that make no sense, and keeps nothing of them",
          "[engine][fluid][task_graph]") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  TaskGraph graph;
  const ResourceId stream = graph.add_resource(ResourceKind::Stream);
  for (const double capacity : {0.0, -1.0, kInfinity, kNan}) {
    CHECK_THROWS_AS(graph.add_link(capacity), std::logic_error);
  }
  const LinkId link = graph.add_link(2.0);
  for (const double work : {-1.0, kInfinity, kNan}) {
    CHECK_THROWS_AS(add_flow(graph, work, {link}), std::logic_error);
  }
  for (const double cap : {0.0, -1.0, kInfinity, kNan}) {
    CHECK_THROWS_AS(add_flow(graph, 1, {link}, {}, cap), std::logic_error);
  }
  CHECK_THROWS_AS(add_flow(graph, 1, {}), std::logic_error);
  CHECK_THROWS_AS(add_flow(graph, 1, {link + 1}), std::logic_error);
  CHECK_THROWS_AS(add_flow(graph, 0, {link + 1}), std::logic_error);
  CHECK_THROWS_AS(add_flow(graph, 1, {link, link}), std::logic_error);
  CHECK_THROWS_AS(add_flow(graph, 1, {link}, {0}), std::logic_error);
  const std::vector<LinkId> links{link};
  for (const SimTime latency : {ps(-1), kTimeLimit}) {
    CHECK_THROWS_AS(graph.add_flow({.latency = latency, .work = 1, .links = links, .cap = {}}),
                    std::logic_error);
  }
  CHECK_THROWS_AS(
      graph.add_flow({.latency = {}, .work = 1, .links = links, .cap = {}, .resource = 9}),
      std::logic_error);
  CHECK_THROWS_AS(graph.add({.latency = {}, .work = {}, .resource = stream}, {5}),
                  std::logic_error);
  CHECK(graph.flow_count() == 0);
  CHECK(graph.task_count() == 0);
  // A refused task was once left as the last one of its stream, which made the next wait for
  // itself.
  const TaskId good =
      graph.add_flow({.latency = {}, .work = 4, .links = links, .cap = {}, .resource = stream});
  CHECK_FALSE(graph.order_is_static());
  CHECK(run(graph).finish(good) == ps(2));
  CHECK_THROWS_AS(add_flow(graph, 1, {link}), std::logic_error);  // sealed
  CHECK(graph.flow_count() == 1);
}

TEST_CASE("flows that run over the end of time are an error", "[engine][fluid]") {
  const SimTime longest = kTimeLimit - ps(1);
  TaskGraph graph;
  const LinkId link = graph.add_link(1.0);
  const std::vector<LinkId> links{link};
  SECTION("a slow flow") {
    add_flow(graph, 1e300, {link});
    CHECK_THROWS_WITH(run(graph), Catch::Contains("2^63"));
  }
  SECTION("a rate that is next to nothing") {
    add_flow(graph, 1.0, {link}, {}, 5e-324);
    CHECK_THROWS_WITH(run(graph), Catch::Contains("2^63"));
  }
  SECTION("a flow that begins late") {
    const TaskId first = graph.add({.latency = {}, .work = longest});
    const TaskId second = graph.add({.latency = {}, .work = longest}, {first});
    add_flow(graph, 1000, {link}, {second});
    CHECK_THROWS_WITH(run(graph), Catch::Contains("2^63"));
  }
  SECTION("the latency of a flow that begins late") {
    const TaskId first = graph.add({.latency = longest, .work = longest});
    graph.add_flow({.latency = longest, .work = 1, .links = links, .cap = {}}, std::vector{first});
    CHECK_THROWS_WITH(run(graph), Catch::Contains("2^63"));
  }
  SECTION("latency and work of one task") {
    const TaskId first = graph.add({.latency = longest, .work = longest});
    graph.add({.latency = ps(9)}, {first});
    CHECK_THROWS_WITH(run(graph), Catch::Contains("2^63"));
  }
}

TEST_CASE("a flow may end just before the end of time", "[engine][fluid]") {
  TaskGraph graph;
  const LinkId link = graph.add_link(1.0);
  const SimTime longest = kTimeLimit - ps(1);
  const TaskId first = graph.add({.latency = longest, .work = longest - ps(9)});
  const TaskId flow = add_flow(graph, 8, {link}, {first});
  CHECK(run(graph).finish(flow) == longest + longest - ps(1));
}

TEST_CASE("a flow may be slow for a while: only an end that comes true counts", "[engine][fluid]") {
  // At its share of the first instants the long flow would end after 2^63 ps.
  TaskGraph graph;
  const LinkId link = graph.add_link(1.0);
  for (int i = 0; i < 7; ++i) add_flow(graph, 10, {link});
  const TaskId lasting = add_flow(graph, 0x1p61, {link});
  const SimTime expected((std::int64_t{1} << 61) + 70);
  CHECK(std::abs((run(graph).finish(lasting) - expected).picoseconds()) < 1024);
}
