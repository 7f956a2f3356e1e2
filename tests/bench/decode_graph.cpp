#include "tests/bench/decode_graph.hpp"

#include <vector>

#include "tests/bench/jitter.hpp"

namespace helixsim::bench {
namespace {

// Picoseconds: the sizes of DeepSeek-R1's kernels and messages at 1M tokens.
constexpr std::int64_t kAttention = 9'000'000;
constexpr std::int64_t kExchange = 4'000'000;
constexpr std::int64_t kProjection = 6'000'000;
constexpr std::int64_t kAllReduce = 8'000'000;
constexpr std::int64_t kFfn = 15'000'000;

}  // namespace

void build_decode_graph(const DecodeShape& shape, TaskGraph& graph) {
  graph.clear();
  const auto ranks = static_cast<std::size_t>(shape.ranks);
  const auto chunks = static_cast<std::size_t>(shape.chunks);
  // A layer's tasks, and what they wait for: a join, or the task before on the stream besides.
  const std::size_t tasks = ranks * (2 * chunks + 4) + 5;
  const std::size_t dependencies = ranks * (4 * chunks + 4 + 5 + 4);
  const auto layers = static_cast<std::size_t>(shape.layers);
  graph.reserve(1 + layers * tasks + 1, layers * dependencies);
  std::vector<ResourceId> compute(ranks);
  std::vector<ResourceId> communication(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    compute[r] = graph.add_resource(shape.streams);
    communication[r] = graph.add_resource(shape.streams);
  }
  Jitter jitter(shape.jitter, shape.seed);
  std::vector<TaskId> last(ranks);
  const auto on_all = [&](std::int64_t time, const std::vector<ResourceId>& stream, TaskId after) {
    for (std::size_t r = 0; r < ranks; ++r) {
      last[r] = graph.add({.work = SimTime(jitter(time)), .resource = stream[r]}, {after});
    }
  };
  TaskId join = graph.add({});
  std::vector<TaskId> attention(ranks);
  for (int layer = 0; layer < shape.layers; ++layer) {
    for (int chunk = 0; chunk < shape.chunks; ++chunk) {
      for (std::size_t r = 0; r < ranks; ++r) {
        attention[r] =
            graph.add({.work = SimTime(jitter(kAttention)), .resource = compute[r]}, {join});
      }
      for (std::size_t r = 0; r < ranks; ++r) {
        last[r] =
            graph.add({.work = SimTime(kExchange), .resource = communication[r]}, {attention[r]});
      }
    }
    join = graph.add({}, last);
    on_all(kProjection, compute, join);
    join = graph.add({}, last);
    on_all(kAllReduce, communication, join);
    join = graph.add({}, last);
    on_all(kFfn, compute, join);
    join = graph.add({}, last);
    on_all(kAllReduce, communication, join);
    join = graph.add({}, last);
  }
}

}  // namespace helixsim::bench
