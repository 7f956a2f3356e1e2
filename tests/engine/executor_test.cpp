#include "sim/engine/executor.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "sim/engine/graph_check.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

Timeline run(TaskGraph& graph) {
  graph.seal();
  Executor executor;
  return executor.run(graph);
}

/// `requests` pairs of an attention on one stream and its exchange on another, in tenths of a unit.
/// In lock-step the next attention also waits for the exchange.
SimTime attention_and_exchange(int requests, SimTime attention, SimTime exchange, bool lock_step) {
  TaskGraph graph;
  const ResourceId compute = graph.add_resource();
  const ResourceId communication = graph.add_resource();
  TaskId previous_exchange = kNoTask;
  for (int i = 0; i < requests; ++i) {
    const TaskId attend = graph.add({.work = attention, .resource = compute});
    if (lock_step && previous_exchange != kNoTask) {
      graph.depend(previous_exchange, attend);
    }
    previous_exchange = graph.add({.work = exchange, .resource = communication});
    graph.depend(attend, previous_exchange);
  }
  return run(graph).makespan();
}

}  // namespace

TEST_CASE("an empty graph takes no time", "[engine][executor]") {
  TaskGraph graph;
  CHECK(run(graph).makespan() == ps(0));
}

TEST_CASE("a task starts when its last dependency finishes", "[engine][executor]") {
  TaskGraph graph;
  const TaskId quick = graph.add({.work = ps(3)});
  const TaskId slow = graph.add({.latency = ps(1), .work = ps(4)});
  const TaskId after = graph.add({.work = ps(2)});
  graph.depend(quick, after);
  graph.depend(slow, after);
  graph.depend(slow, after);  // a duplicate changes nothing
  const Timeline timeline = run(graph);
  CHECK(timeline.start(quick) == ps(0));
  CHECK(timeline.start(slow) == ps(0));
  CHECK(timeline.start(after) == ps(5));
  CHECK(timeline.finish(after) == ps(7));
  CHECK(timeline.makespan() == ps(7));
}

TEST_CASE("dependencies may lead to a lower id", "[engine][executor]") {
  TaskGraph graph;
  const TaskId second = graph.add({.work = ps(2)});
  const TaskId first = graph.add({.work = ps(3)});
  graph.depend(first, second);
  const Timeline timeline = run(graph);
  CHECK(timeline.start(second) == ps(3));
  CHECK(timeline.makespan() == ps(5));
}

TEST_CASE("an exclusive resource is held from start to finish, latency included",
          "[engine][executor]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId first = graph.add({.latency = ps(5), .work = ps(2), .resource = stream});
  const TaskId second = graph.add({.latency = ps(1), .work = ps(1), .resource = stream});
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(first) == ps(7));
  CHECK(timeline.start(second) == ps(7));  // not at 5, nor with its latency hidden
  CHECK(timeline.makespan() == ps(9));
}

TEST_CASE("a queue serves the task that was ready first, whatever its id", "[engine][executor]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId late = graph.add({.work = ps(1), .resource = stream});   // ready at 4
  const TaskId early = graph.add({.work = ps(1), .resource = stream});  // ready at 2
  const TaskId holder = graph.add({.work = ps(10), .resource = stream});
  const TaskId delay_of_late = graph.add({.work = ps(4)});
  const TaskId delay_of_early = graph.add({.work = ps(2)});
  graph.depend(delay_of_late, late);
  graph.depend(delay_of_early, early);
  const Timeline timeline = run(graph);
  CHECK(timeline.start(holder) == ps(0));
  CHECK(timeline.start(early) == ps(10));
  CHECK(timeline.start(late) == ps(11));
}

TEST_CASE("tasks that are ready at the same time are served by id", "[engine][executor]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId gate = graph.add({.work = ps(3)});
  for (int i = 0; i < 4; ++i) {
    graph.add({.work = ps(10), .resource = stream});
  }
  for (const TaskId task : {3U, 1U, 4U, 2U}) {  // the order of dependencies does not count
    graph.depend(gate, task);
  }
  const Timeline timeline = run(graph);
  CHECK(timeline.start(1) == ps(3));
  CHECK(timeline.start(2) == ps(13));
  CHECK(timeline.start(3) == ps(23));
  CHECK(timeline.start(4) == ps(33));
}

TEST_CASE("many tasks that become ready out of order at once are queued quickly: a fixed defect",
          "[engine][executor]") {
  // Delays that end together release the tasks of a queue in an order that is none, whatever the
  // order of the delays. Each task looked for its place from the head of the queue on: 4e10 steps.
  constexpr TaskId kCount = 400'000;
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  for (TaskId i = 0; i < kCount; ++i) graph.add({.work = ps(5)});
  for (TaskId i = 0; i < kCount; ++i) {
    graph.add({.work = ps(1), .resource = stream},
              {static_cast<TaskId>(i * std::uint64_t{7919} % kCount)});
  }
  const Timeline timeline = run(graph);
  bool in_order = true;
  for (TaskId i = 0; i < kCount; ++i) in_order &= timeline.start(kCount + i) == ps(5 + i);
  CHECK(in_order);
}

TEST_CASE("a task that waits goes before one that is ready when the resource is freed",
          "[engine][executor]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId fresh = graph.add({.work = ps(1), .resource = stream});   // ready at 5, lower id
  const TaskId holder = graph.add({.work = ps(5), .resource = stream});  // frees at 5
  const TaskId waiting = graph.add({.work = ps(1), .resource = stream});
  graph.depend(holder, fresh);
  const Timeline timeline = run(graph);
  CHECK(timeline.start(waiting) == ps(5));
  CHECK(timeline.start(fresh) == ps(6));
}

TEST_CASE("a task of no duration ends one round later in the same instant", "[engine][executor]") {
  // At 5 the holder ends. Task `direct` is ready in that round and takes the stream; task
  // `behind_join`, though its id is lower, is ready one round later at the same instant and finds
  // the stream taken.
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId behind_join = graph.add({.work = ps(1), .resource = stream});
  const TaskId direct = graph.add({.work = ps(1), .resource = stream});
  const TaskId join = graph.add({});
  const TaskId holder = graph.add({.work = ps(5)});
  graph.depend(holder, join);
  graph.depend(join, behind_join);
  graph.depend(holder, direct);
  const Timeline timeline = run(graph);
  CHECK(timeline.start(join) == ps(5));
  CHECK(timeline.finish(join) == ps(5));
  CHECK(timeline.start(direct) == ps(5));
  CHECK(timeline.start(behind_join) == ps(6));
}

TEST_CASE("a lower id that is ready rounds later in the same instant still goes first in the queue",
          "[engine][executor]") {
  // All are ready at 2 and the stream is busy until 9: ready time and id decide, rounds do not.
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId low = graph.add({.work = ps(1), .resource = stream});
  const TaskId middle = graph.add({.work = ps(1), .resource = stream});
  const TaskId high = graph.add({.work = ps(1), .resource = stream});
  const TaskId earlier = graph.add({.work = ps(1), .resource = stream});  // ready at 1
  const TaskId holder = graph.add({.work = ps(9), .resource = stream});
  const TaskId gate = graph.add({.work = ps(2)});
  const TaskId gate_of_earlier = graph.add({.work = ps(1)});
  const TaskId join = graph.add({});
  const TaskId second_join = graph.add({});
  graph.depend(gate, high);
  graph.depend(gate, join);
  graph.depend(join, middle);
  graph.depend(join, second_join);
  graph.depend(second_join, low);
  graph.depend(gate_of_earlier, earlier);
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(holder) == ps(9));
  CHECK(timeline.start(earlier) == ps(9));
  CHECK(timeline.start(low) == ps(10));
  CHECK(timeline.start(middle) == ps(11));
  CHECK(timeline.start(high) == ps(12));
}

TEST_CASE("a zero-length task holds its resource for a round", "[engine][executor]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const TaskId empty = graph.add({.resource = stream});
  const TaskId next = graph.add({.work = ps(2), .resource = stream});
  const Timeline timeline = run(graph);
  CHECK(timeline.finish(empty) == ps(0));
  CHECK(timeline.start(next) == ps(0));
  CHECK(timeline.previous_on_resource(next) == empty);
  CHECK(timeline.makespan() == ps(2));
}

TEST_CASE("overlap hides all exchanges but the last request's", "[engine][executor][hop_b]") {
  // 8 requests, 2 units of attention and 1.2 of exchange each (Helix, figure 3), in tenths of a
  // unit.
  CHECK(attention_and_exchange(8, ps(20), ps(12), true) == ps(8 * 20 + 8 * 12));  // 25.6
  CHECK(attention_and_exchange(8, ps(20), ps(12), false) == ps(8 * 20 + 12));     // 17.2
  // With the exchange as the longer stage only the first attention shows.
  CHECK(attention_and_exchange(8, ps(12), ps(20), false) == ps(12 + 8 * 20));
}

TEST_CASE("tasks that never become ready are an error, not a hang", "[engine][executor]") {
  TaskGraph graph;
  const TaskId free = graph.add({.work = ps(1)});
  const TaskId a = graph.add({});
  const TaskId b = graph.add({});
  graph.depend(a, b);
  graph.depend(b, a);
  graph.depend(free, a);
  CHECK_THROWS_WITH(run(graph), Catch::Contains("deadlock: 2 of 3 tasks never become ready"));
  CHECK_THROWS_WITH(check_graph(graph), Catch::Contains("1 -> 2 -> 1"));
}

TEST_CASE("a failed run leaves nothing behind", "[engine][executor]") {
  TaskGraph cyclic;
  const ResourceId stream = cyclic.add_resource();
  cyclic.add({.work = ps(4), .resource = stream});
  const TaskId self = cyclic.add({.resource = stream});
  cyclic.depend(self, self);
  cyclic.seal();
  TaskGraph good;
  good.add({.work = ps(3), .resource = good.add_resource()});
  good.seal();
  Executor executor;
  CHECK_THROWS_AS(executor.run(cyclic), std::logic_error);
  CHECK(executor.run(good).makespan() == ps(3));
}

TEST_CASE("a graph that is not sealed is refused", "[engine][executor]") {
  Executor executor;
  CHECK_THROWS_AS(executor.run(TaskGraph()), std::logic_error);
}

TEST_CASE("time that would overflow is an error", "[engine][executor]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource();
  const Task longest{.work = kTimeLimit - ps(1), .resource = stream};
  graph.add(longest);
  graph.add(longest);
  SECTION("two of the longest tasks still fit") {
    CHECK(run(graph).makespan() == 2 * (kTimeLimit - ps(1)));
  }
  SECTION("three do not") {
    graph.add(longest);
    CHECK_THROWS_WITH(run(graph), Catch::Contains("2^63"));
  }
}

TEST_CASE("time that would overflow on streams is an error too", "[engine][executor]") {
  TaskGraph graph;
  const ResourceId stream = graph.add_resource(ResourceKind::Stream);
  const Task longest{.latency = {}, .work = kTimeLimit - ps(1), .resource = stream};
  graph.add(longest);
  graph.add(longest);
  SECTION("two of the longest tasks are run by the static pass") {
    graph.add({.latency = {}, .work = ps(1)});
    graph.seal();
    CHECK(graph.order_is_static());
    CHECK(Executor().run(graph).makespan() == 2 * (kTimeLimit - ps(1)));
  }
  SECTION("three do not fit, and the static pass refuses them") {
    graph.add(longest);
    graph.seal();
    CHECK_FALSE(graph.order_is_static());
    CHECK_THROWS_WITH(Executor().run(graph), Catch::Contains("2^63"));
    CHECK_THROWS_AS(StaticExecutor().run(graph), std::logic_error);
  }
  SECTION("a third beside them fits") {
    graph.add({.latency = {}, .work = kTimeLimit - ps(1)});
    CHECK(run(graph).makespan() == 2 * (kTimeLimit - ps(1)));
  }
}

TEST_CASE("the static pass refuses what it would run wrongly", "[engine][executor]") {
  TaskGraph graph;
  SECTION("a queue, though no task uses it") {
    graph.add_resource(ResourceKind::Exclusive);
  }
  SECTION("a flow") {
    graph.add_flow({.latency = {}, .work = 1, .links = {}, .cap = 1.0});
  }
  SECTION("a dependency towards a lower id") {
    graph.add({});
    graph.add({});
    graph.depend(1, 0);
  }
  SECTION("a task that waits for itself") {
    graph.add({});
    graph.depend(0, 0);
  }
  graph.seal();
  CHECK_FALSE(graph.order_is_static());
  CHECK_THROWS_AS(StaticExecutor().run(graph), std::logic_error);
}
