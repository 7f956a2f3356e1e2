#pragma once

#include <memory>
#include <vector>

#include "sim/decode/pipeline.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"
#include "sim/decode/step_error.hpp"
#include "sim/decode/step_operations.hpp"
#include "sim/parallel/schedule.hpp"

namespace helixsim {

class RackStep;

/// Memory check, build, execute: turns points into results. Every feasible point becomes a task
/// graph that the event engine runs. A pure function of the point; the object keeps memory. One
/// object per thread. PassEvaluator gives the same results without the graph.
class Evaluator {
 public:
  explicit Evaluator(const Setup& setup);
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;
  ~Evaluator();

  /// Contract: fault_of(setup, point) is empty.
  PointResult evaluate(const Point& point);

  [[nodiscard]] const Setup& setup() const { return *setup_; }
  /// Schedule, operations and weights of the last feasible point, for reports; valid until the next
  /// call.
  [[nodiscard]] const Schedule& schedule() const { return schedules_[schedule_index_]; }
  [[nodiscard]] const OperationList& operations(Block block) const { return operations_[block]; }
  /// Of the last feasible point, when its ranks had to be simulated apart; else null. Its TTL is
  /// the point's.
  [[nodiscard]] const RackStep* rack() const { return rack_.get(); }
  [[nodiscard]] const StepWeights& weights() const { return weights_; }
  [[nodiscard]] EvaluatedStep step() const;

 private:
  void simulate_ranks(const Point& point, PointResult& result);

  const Setup* setup_;
  StepOperations operations_;
  std::vector<Schedule> schedules_;  // with and without overlapped all-reduce
  std::size_t schedule_index_ = 0;
  HopB hop_b_;  // as run
  StepWeights weights_;
  std::unique_ptr<RackStep> rack_;
};

}  // namespace helixsim
