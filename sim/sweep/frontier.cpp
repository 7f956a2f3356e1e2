#include "sim/sweep/frontier.hpp"

#include "sim/sweep/pareto.hpp"

namespace helixsim {

Frontier frontier_of(const Grid& grid, const ContextResult& result,
                     const std::function<bool(const Point&)>& accept) {
  std::vector<ParetoPoint> points;
  std::vector<std::size_t> records;
  for (std::size_t i = 0; i < result.records.size(); ++i) {
    const Record& record = result.records[i];
    const Point point = point_of(grid, result.context, record);
    if (record.repeats || !accept(point)) continue;
    points.push_back({record.ttl_ps, tokens_per_second_per_gpu(point, SimTime(record.ttl_ps))});
    records.push_back(i);
  }
  Frontier frontier;
  for (const std::size_t index : pareto_frontier(points)) {
    const Record& record = result.records[records[index]];
    const SimTime ttl(record.ttl_ps);
    frontier.push_back({.record = records[index],
                        .point = point_of(grid, result.context, record),
                        .chunks = record.chunks,
                        .ttl = ttl,
                        .interactivity = 1.0 / ttl.seconds().value(),
                        .throughput = points[index].throughput});
  }
  return frontier;
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
