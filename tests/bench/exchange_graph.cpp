#include "tests/bench/exchange_graph.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "tests/bench/jitter.hpp"

namespace helixsim::bench {
namespace {

constexpr std::int64_t kAttention = 9'000'000;  // picoseconds
constexpr std::int64_t kExchange = 4'000'000;   // units that a rank sends a chunk: 4 us alone

}  // namespace

void build_exchange_graph(const ExchangeShape& shape, TaskGraph& graph) {
  graph.clear();
  const auto ranks = static_cast<std::size_t>(shape.ranks);
  std::vector<ResourceId> compute(ranks);
  std::vector<LinkId> egress(ranks);
  std::vector<LinkId> ingress(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    compute[r] = graph.add_resource(shape.streams);
    egress[r] = graph.add_link(kPortCapacity);
    ingress[r] = graph.add_link(kPortCapacity);
  }
  Jitter kernel_time(shape.jitter, shape.seed);
  Jitter flow_size(shape.uneven_bytes, shape.seed + 1);
  const std::int64_t share = kExchange / std::max(1, shape.ranks - 1);
  std::vector<TaskId> attention(ranks);
  std::vector<TaskId> sent(ranks);  // of each rank, the join of its latest flows
  std::vector<TaskId> flows;
  TaskId join = graph.add({});
  for (int layer = 0; layer < shape.layers; ++layer) {
    sent.assign(ranks, join);
    for (int chunk = 0; chunk < shape.chunks; ++chunk) {
      for (std::size_t r = 0; r < ranks; ++r) {
        attention[r] =
            graph.add({.work = SimTime(kernel_time(kAttention)), .resource = compute[r]}, {join});
      }
      for (std::size_t from = 0; from < ranks; ++from) {
        const std::array after = {attention[from], sent[from]};
        flows.clear();
        for (std::size_t to = 0; to < ranks; ++to) {
          if (to == from) continue;
          const std::array links = {egress[from], ingress[to]};
          flows.push_back(graph.add_flow(
              {.work = static_cast<double>(flow_size(share)), .links = links, .cap = {}}, after));
        }
        sent[from] = graph.add({}, flows);
      }
    }
    join = graph.add({}, sent);
  }
}

}  // namespace helixsim::bench
