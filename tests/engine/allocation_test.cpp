#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "sim/engine/executor.hpp"
#include "tests/engine/random_graph.hpp"

namespace {

std::atomic<long>& allocation_count() {
  static std::atomic<long> count{0};
  return count;
}
std::atomic<std::size_t>& allocated_bytes() {
  static std::atomic<std::size_t> bytes{0};
  return bytes;
}

}  // namespace

// Replaced for this whole test program, to count.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocation_count();
  allocated_bytes() += size;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) {
    return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

TEST_CASE("a graph rebuilt and run again at the same size does not allocate",
          "[engine][executor]") {
  using namespace helixsim;
  const auto seed = GENERATE(range(0U, 40U));
  CAPTURE(seed);
  const GraphPlan plan = seed < 20 ? random_plan(seed) : random_flow_plan(seed, FlowTimes::Generic);
  TaskGraph graph;
  Executor executor;
  build(plan, graph);
  const SimTime first = executor.run(graph).makespan();
  executor.run(graph);  // the two lists of a round change places; a second run brings both to size

  const long before = allocation_count();
  build(plan, graph);
  const bool same = executor.run(graph).makespan() == first;
  const long after = allocation_count();
  CHECK(same);
  CHECK(after == before);
}

TEST_CASE("flows that change their rates often take no memory for each change: a fixed defect",
          "[engine][fluid]") {
  // Each of 2,000 flows on one link begins while those before it are under way, and gives all of
  // them another end: two million ends, of which each once took 32 bytes until its time.
  using namespace helixsim;
  constexpr int kFlows = 2000;
  TaskGraph graph;
  const std::vector<LinkId> links{graph.add_link(1.0)};
  for (int i = 0; i < kFlows; ++i) {
    graph.add_flow({.latency = SimTime(1000 * i), .work = 1e7, .links = links, .cap = {}});
  }
  graph.seal();
  Executor executor;
  const std::size_t before = allocated_bytes();
  const SimTime makespan = executor.run(graph).makespan();
  const std::size_t taken = allocated_bytes() - before;
  CHECK(std::abs(makespan.picoseconds() - kFlows * std::int64_t{10'000'000}) <= 1);  // rounding
  CHECK(taken < std::size_t{2000} * kFlows);
}
