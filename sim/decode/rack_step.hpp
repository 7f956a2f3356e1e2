#pragma once

#include <array>
#include <memory>
#include <vector>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/rack_result.hpp"
#include "sim/parallel/rack_schedule.hpp"

namespace helixsim {

struct RackOptions {
  RankEffects effects;
  /// Lay out every layer. Else layers whose state repeats that of the one before are counted and
  /// not run: see RackStep.
  bool every_layer = true;
  bool keep_link_samples = false;  ///< for timelines
};

/// One decode step on every rank of a layout.
///
/// One stage: the step's blocks one after the other; TTL is the makespan. Several stages: pp
/// micro-batches circulate, step after step, until each step takes every micro-batch as long as the
/// one before on every rank; that time is the TTL. Under theory accounting, whose TTL of a pipeline
/// is an average by definition, the blocks' times are taken from the ranks and the definition does
/// the rest.
///
/// Layers are left out by what is seen, not by assumption: three layers of each kind are run; when
/// the ends of all ranks relative to one another are the same after the third as after the second,
/// and nothing of one layer runs beside anything of the next, then the state at both boundaries is
/// the same, and so is every further layer. Otherwise, with jitter, and with several stages all
/// layers are run.
class RackStep {
 public:
  /// Runs the point that `evaluator` has evaluated last; it must be feasible and `evaluator` must
  /// stay as it is while the step is used. Errors: as RackSchedule.
  RackStep(const Evaluator& evaluator, const Point& point, const RackOptions& options);

  [[nodiscard]] const RackResult& result() const { return result_; }
  /// Whether all ranks do the same in the same time, so that one stands for them.
  [[nodiscard]] bool symmetric() const { return options_.effects.symmetric(); }
  /// How often a task counts in the TTL: more than once where its layer stands for others, less
  /// where a pipeline ran several rounds.
  [[nodiscard]] double weight(TaskId task) const;
  [[nodiscard]] const RackSchedule& schedule() const { return *schedule_; }
  [[nodiscard]] const std::vector<LinkSample>& link_samples() const { return samples_; }

 private:
  /// Boundaries of the layers of one kind.
  struct Boundary {
    int layer = 0;
    RackSchedule::Mark mark;
  };

  void begin();
  void run_one_stage();
  bool run_few_layers(const StageLayers& layers);
  void run_layers(const StageLayers& layers, int most_of_a_kind, std::vector<Boundary>* boundaries);
  [[nodiscard]] bool repeats(const Boundary& before, const Boundary& after) const;
  void run_pipeline();
  void run_pipeline_by_definition();
  void book();
  void append_layer(int stage, int layer, const StageLayers& layers);

  const Evaluator* evaluator_;
  Point point_;
  RackOptions options_;
  std::unique_ptr<RackSchedule> schedule_;
  std::vector<LinkSample> samples_;
  std::vector<double> layer_weights_;            ///< event accounting
  double ends_weight_ = 1.0;                     ///< likewise, of what is in no layer
  std::array<double, kBlocks> block_weights_{};  ///< theory: of each block laid out
  bool by_definition_ = false;
  RackResult result_;
};

}  // namespace helixsim
