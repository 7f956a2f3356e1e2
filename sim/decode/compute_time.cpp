#include "sim/decode/compute_time.hpp"

#include <algorithm>

namespace helixsim {

ComputeTime::ComputeTime(const TaskGraph& graph, const Timeline& timeline,
                         ResourceId compute_stream) {
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    if (graph.resources()[task] != compute_stream) continue;
    intervals_.push_back({timeline.start(task), timeline.finish(task)});
  }
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
