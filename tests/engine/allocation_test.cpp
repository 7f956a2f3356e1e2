#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "sim/engine/executor.hpp"
#include "tests/engine/random_graph.hpp"

namespace {

std::atomic<long>& allocation_count() {
  static std::atomic<long> count{0};
  return count;
}

}  // namespace

// Replaced for this whole test program, to count.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocation_count();
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
