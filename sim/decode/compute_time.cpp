#include "sim/decode/compute_time.hpp"

#include <algorithm>

namespace helixsim {

namespace {

std::vector<std::pair<SimTime, SimTime>> intervals_of(const TaskGraph& graph,
                                                      const Timeline& timeline, ResourceId stream) {
  std::vector<std::pair<SimTime, SimTime>> intervals;
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    if (graph.resources()[task] != stream) continue;
    intervals.push_back({timeline.start(task), timeline.finish(task)});
  }
  return intervals;
}

}  // namespace

ComputeTime::ComputeTime(const TaskGraph& graph, const Timeline& timeline,
                         ResourceId compute_stream)
    : ComputeTime(intervals_of(graph, timeline, compute_stream)) {}

ComputeTime::ComputeTime(std::vector<std::pair<SimTime, SimTime>> intervals)
    : intervals_(std::move(intervals)) {
  std::sort(intervals_.begin(), intervals_.end());
  before_.push_back(SimTime());
  for (const auto& [start, finish] : intervals_)
    before_.push_back(before_.back() + (finish - start));
}

SimTime ComputeTime::busy_until(SimTime instant) const {
  const auto next =
      std::upper_bound(intervals_.begin(), intervals_.end(), std::pair(instant, SimTime()));
  const auto begun = static_cast<std::size_t>(next - intervals_.begin());
  if (begun == 0) return SimTime();
  const auto& [start, finish] = intervals_[begun - 1];
  return before_[begun - 1] + std::min(finish, instant) - start;
}

}  // namespace helixsim
