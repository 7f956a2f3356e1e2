#include "sim/parallel/busy_times.hpp"

#include <optional>

namespace helixsim {

std::vector<RankBusy> busy_times(const RackSchedule& rack) {
  std::vector<RankBusy> all;
  std::vector<std::optional<TaskId>> exchange(static_cast<std::size_t>(rack.ranks()));
  const Timeline& timeline = rack.timeline();
  for (TaskId task = 0; task < rack.graph().task_count(); ++task) {
    const RackTask& origin = rack.tasks()[task];
    if (origin.rank == RackTask::kNone || origin.peer != RackTask::kNone) continue;
    TaskId first = task;
    if (rack.is_exchange_of_flows(task)) {  // its start-up, its steps, its end
      std::optional<TaskId>& began = exchange[origin.rank];
      const bool begins = !began;
      if (begins) began = task;
      if (begins || rack.graph().resources()[task] == kNoResource) continue;
      first = *began;
      began.reset();
    }
    all.push_back({first, timeline.start(first), timeline.finish(task)});
  }
  return all;
}

}  // namespace helixsim
