#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim {

/// When a compute stream is busy, for many questions.
class ComputeTime {
 public:
  ComputeTime(const TaskGraph& graph, const Timeline& timeline, ResourceId compute_stream);
  /// From start and finish of each kernel, in any order.
  explicit ComputeTime(std::vector<std::pair<SimTime, SimTime>> intervals);

  /// Part of [start, finish) in which nothing is computed.
  [[nodiscard]] SimTime idle(SimTime start, SimTime finish) const {
    return finish - start - (busy_until(finish) - busy_until(start));
  }

 private:
  /// Busy time in [0, instant): intervals of one stream do not overlap.
  [[nodiscard]] SimTime busy_until(SimTime instant) const;

  std::vector<std::pair<SimTime, SimTime>> intervals_;
  std::vector<SimTime> before_;  // busy time before each interval
};

/// Adds up the time of an exchange in which nothing is computed. Latencies pass beside the next
/// transfer: no instant counts twice. Contract: what is added begins and ends in order.
class ExposedTime {
 public:
  void add(const ComputeTime& compute, SimTime start, SimTime finish) {
    if (finish <= counted_) return;
    sum_ += compute.idle(std::max(counted_, start), finish);
    counted_ = finish;
  }
  [[nodiscard]] SimTime sum() const { return sum_; }

 private:
  SimTime sum_;
  SimTime counted_;
};

}  // namespace helixsim
