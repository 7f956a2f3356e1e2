#include "sim/decode/evaluator.hpp"

#include "sim/decode/memory.hpp"
#include "sim/decode/rack_effects.hpp"
#include "sim/decode/rack_step.hpp"
#include "sim/decode/step_times.hpp"

namespace helixsim {

Evaluator::Evaluator(const Setup& setup) : setup_(&setup), operations_(setup) {
  schedules_.emplace_back(setup.hardware, setup.options, false);
  schedules_.emplace_back(setup.hardware, setup.options, true);
}

Evaluator::~Evaluator() = default;

PointResult Evaluator::evaluate(const Point& point) {
  rack_.reset();
  PointResult result;
  result.memory = memory_use(*setup_, point);
  result.shortage = shortage_of(result.memory);
  if (!result.feasible()) return result;

  operations_.build(*point.strategy, point.layout, point.batch, point.context);
  hop_b_ = operations_.as_run(point.hop_b);
  schedule_index_ = point.strategy->overlaps_all_reduce ? 1 : 0;
  Schedule& schedule = schedules_[schedule_index_];
  schedule.clear();
  for (int block = 0; block < kBlocks; ++block)
    schedule.append(operations_[static_cast<Block>(block)], hop_b_, operations_.requests());
  schedule.run();

  StepTimes times;
  std::copy(schedule.blocks().begin(), schedule.blocks().end(), times.begin());
  const StepBlocks makespans = makespans_of(times);
  weights_ = step_weights(setup_->model, point.layout.pp, setup_->hardware.accounting(), makespans);
  result.ttl = weighted(weights_, makespans);
  result.chunks = chunks_of(hop_b_, operations_.requests());
  book_categories(times, weights_, result);
  if (has_error(hop_b_, setup_->hardware)) result.error = ttl_error(step(), setup_->hardware);
  if (needs_ranks(*setup_, point)) simulate_ranks(point, result);
  return result;
}

EvaluatedStep Evaluator::step() const {
  return {.operations = &operations_,
          .hop_b = hop_b_,
          .weights = weights_,
          .overlap_all_reduce = schedule_index_ == 1 && setup_->options.overlap_all_reduce};
}

void Evaluator::simulate_ranks(const Point& point, PointResult& result) {
  const RackOptions options{.effects = effects_on(*this, point),
                            .every_layer = setup_->rack.every_rank,
                            .keep_link_samples = false};
  rack_ = std::make_unique<RackStep>(*this, point, options);
  const RackResult& rack = rack_->result();
  result.ttl = rack.ttl;
  if (rack_->symmetric()) return;  // categories are those of one rank, as ever
  result.seconds = rack.seconds;
  result.hidden_seconds = rack.hidden_seconds;
}

}  // namespace helixsim
