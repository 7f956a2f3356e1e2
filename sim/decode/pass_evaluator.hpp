#pragma once

#include <memory>
#include <optional>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/memory.hpp"
#include "sim/decode/pipeline.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"
#include "sim/decode/step_operations.hpp"
#include "sim/decode/step_times.hpp"

namespace helixsim {

/// What a search keeps of a point. An infeasible point has a shortage and nothing else.
struct PointTime {
  Shortage shortage = Shortage::None;
  SimTime ttl;
  int chunks = 1;  ///< of HOP-B, as run
};

/// The same results as Evaluator, bit for bit, from block_pass instead of a task graph where one
/// rank stands for all, else by Evaluator. Meant for
/// many points: what a point shares with the one before (its layout; its batch; its context) is not
/// computed again, so a search should vary the HOP-B mode fastest, then the context, then the
/// batch. A pure function of the point all the same. One object per thread.
///
/// Checked against Evaluator in tests/decode/pass_evaluator_test.cpp.
class PassEvaluator {
 public:
  explicit PassEvaluator(const Setup& setup);

  /// Why the point does not fit. Contract of all three: fault_of(setup, point) is empty.
  Shortage shortage(const Point& point);
  PointTime time(const Point& point);
  PointResult evaluate(const Point& point);

 private:
  void use_layout(const Point& point);
  HopB time_blocks(const Point& point);

  std::shared_ptr<const Setup> own_;  // with hardware that remembers durations
  const Setup* setup_;
  StepOperations operations_;
  const StrategyEntry* strategy_ = nullptr;
  Layout layout_;
  std::optional<LayoutMemory> memory_;         // of the layout at hand
  std::optional<StageWeights> stage_weights_;  // of the layout at hand
  StepTimes times_;                   // of the operations at hand, with HOP-B as of the last point
  BlockTimes attention_off_;          // of the operations at hand
  SimTime kernel_time_;               // of the attention kernel at hand
  std::unique_ptr<Evaluator> ranks_;  // where symmetry does not stand for all ranks
  bool complete_ = false;             // whether these times are those of the operations at hand
};

}  // namespace helixsim
