#include "sim/sweep/frontier.hpp"

#include <algorithm>

#include "sim/sweep/pareto.hpp"

namespace helixsim {

Frontier frontier_of(const Grid& grid, const ContextResult& result,
                     const std::function<bool(const GridLayout&)>& accept) {
  std::vector<char> accepted;
  for (const GridLayout& layout : grid.layouts) accepted.push_back(accept(layout) ? 1 : 0);
  ParetoFront front;
  for (std::size_t i = 0; i < result.records.size(); ++i) {
    const Record& record = result.records[i];
    if (record.repeats || accepted[record.layout] == 0) continue;
    front.add(pareto_point(grid, record), i);
  }
  Frontier frontier;
  for (const std::size_t index : front.indices()) {
    const Record& record = result.records[index];
    const SimTime ttl(record.ttl_ps);
    frontier.push_back({.record = index,
                        .point = point_of(grid, result.context, record),
                        .chunks = record.chunks,
                        .ttl = ttl,
                        .interactivity = 1.0 / ttl.seconds().value(),
                        .throughput = pareto_point(grid, record).throughput});
  }
  return frontier;
}

Frontier merged(const std::vector<const Frontier*>& frontiers) {
  std::vector<const FrontierPoint*> all;
  for (const Frontier* frontier : frontiers) {
    for (const FrontierPoint& point : *frontier) all.push_back(&point);
  }
  std::sort(all.begin(), all.end(),
            [](const FrontierPoint* a, const FrontierPoint* b) { return a->record < b->record; });
  ParetoFront front;
  for (std::size_t i = 0; i < all.size(); ++i)
    front.add({all[i]->ttl.picoseconds(), all[i]->throughput}, i);
  Frontier result;
  for (const std::size_t index : front.indices()) result.push_back(*all[index]);
  return result;
}

const FrontierPoint* at_least_as_fast(const Frontier& frontier, double interactivity) {
  const FrontierPoint* found = nullptr;
  for (const FrontierPoint& point : frontier) {
    if (point.interactivity >= interactivity) found = &point;
  }
  return found;
}

double throughput_at(const Frontier& frontier, double interactivity) {
  if (frontier.empty() || interactivity > frontier.front().interactivity) return 0.0;
  for (std::size_t i = 1; i < frontier.size(); ++i) {
    const FrontierPoint& fast = frontier[i - 1];
    const FrontierPoint& slow = frontier[i];
    if (interactivity < slow.interactivity) continue;
    if (fast.interactivity == slow.interactivity) return slow.throughput;
    const double share =
        (fast.interactivity - interactivity) / (fast.interactivity - slow.interactivity);
    return fast.throughput + share * (slow.throughput - fast.throughput);
  }
  return frontier.back().throughput;
}

}  // namespace helixsim
