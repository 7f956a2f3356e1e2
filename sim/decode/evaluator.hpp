#pragma once

#include <vector>

#include "sim/decode/pipeline.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"
#include "sim/parallel/schedule.hpp"
#include "sim/parallel/strategy.hpp"

namespace helixsim {

/// The blocks of a step, in the order in which they are scheduled.
enum class Block { Begin, Attention, Dense, Moe, End, Hop };
inline constexpr int kBlocks = 6;

/// Memory check, build, execute: turns points into results. Every feasible point is scheduled and
/// run by the engine. A pure function of the point; the object keeps memory and a table of routing
/// expectations. One object per thread.
class Evaluator {
 public:
  explicit Evaluator(const Setup& setup);

  /// Contract: fault_of(setup, point) is empty.
  PointResult evaluate(const Point& point);

  [[nodiscard]] const Setup& setup() const { return *setup_; }
  /// Schedule, operations and weights of the last feasible point, for reports; valid until the next
  /// call.
  [[nodiscard]] const Schedule& schedule() const { return schedules_[schedule_index_]; }
  [[nodiscard]] const OperationList& operations(Block block) const {
    return lists_[static_cast<std::size_t>(block)];
  }
  [[nodiscard]] const StepWeights& weights() const { return weights_; }

 private:
  ActiveExperts routing(int tokens, int ep);
  void build_operations(const Point& point);
  HopB resolve(const Point& point, Schedule& scratch);
  OperationList& list(Block block) { return lists_[static_cast<std::size_t>(block)]; }

  const Setup* setup_;
  OperationList lists_[kBlocks];
  std::vector<Schedule> schedules_;  // with and without overlapped all-reduce
  std::size_t schedule_index_ = 0;
  Schedule scratch_;
  StepWeights weights_;
  std::vector<std::vector<ActiveExperts>> routing_table_;  // by ep, then tokens
};

}  // namespace helixsim
