#include "sim/decode/pass_evaluator.hpp"

#include "sim/decode/rack_step.hpp"
#include "sim/parallel/block_pass.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {
namespace {

constexpr auto kAttention = static_cast<std::size_t>(Block::Attention);
constexpr HopB kOff{HopBMode::Off, 1};

std::shared_ptr<const Setup> remembering(const Setup& setup) {
  auto own = std::make_shared<Setup>(setup);
  own->hardware = setup.hardware.remembering();
  return own;
}

}  // namespace

PassEvaluator::PassEvaluator(const Setup& setup)
    : own_(remembering(setup)), setup_(own_.get()), operations_(*own_) {
  if (setup.rack.needs_ranks()) ranks_ = std::make_unique<Evaluator>(*own_);
}

void PassEvaluator::use_layout(const Point& point) {
  if (strategy_ == point.strategy && layout_ == point.layout) return;
  strategy_ = point.strategy;
  layout_ = point.layout;
  memory_.emplace(*setup_, *point.strategy, point.layout);
  stage_weights_.emplace(setup_->model, point.layout.pp, setup_->hardware.accounting());
}

/// Times of all blocks with HOP-B as the point runs it.
HopB PassEvaluator::time_blocks(const Point& point) {
  auto change = operations_.build(*point.strategy, point.layout, point.batch, point.context);
  if (!complete_) change = StepOperations::Change::All;
  complete_ = false;  // an operation may be refused half-way
  const bool overlap = setup_->options.overlap_all_reduce && point.strategy->overlaps_all_reduce;
  const auto pass = [&](Block block, const HopB& hop_b) {
    return block_pass(operations_[block], hop_b, operations_.requests(), setup_->hardware, overlap);
  };
  const OperationList& block = operations_[Block::Attention];
  const std::size_t kernel = operations_.attention_kernel();
  const bool kernel_is_overlapped =
      overlap && kernel + 1 < block.size() && follows_its_kernel(block, kernel + 1);
  if (change == StepOperations::Change::All) {
    for (const Block other : {Block::Begin, Block::Dense, Block::Moe, Block::End, Block::Hop})
      times_[static_cast<std::size_t>(other)] = pass(other, kOff);
  }
  if (change != StepOperations::Change::None) {
    const SimTime before = kernel_time_;
    kernel_time_ = operation_time(setup_->hardware.duration(block[kernel].work));
    if (change == StepOperations::Change::All || kernel_is_overlapped) {
      attention_off_ = pass(Block::Attention, kOff);
    } else {  // the rest of the block is a sum beside it
      attention_off_.makespan += kernel_time_ - before;
      attention_off_.busy[static_cast<std::size_t>(block[kernel].category)] +=
          kernel_time_ - before;
    }
  }
  const HopB hop_b = operations_.as_run(point.hop_b);
  times_[kAttention] = hop_b.mode == HopBMode::Off ? attention_off_ : pass(Block::Attention, hop_b);
  complete_ = true;
  return hop_b;
}

Shortage PassEvaluator::shortage(const Point& point) {
  if (ranks_ != nullptr) return shortage_of(memory_use(*setup_, point));
  use_layout(point);
  return shortage_of(memory_->at(point.batch, point.context));
}

PointTime PassEvaluator::time(const Point& point) {
  if (ranks_ != nullptr) {
    const PointResult result = ranks_->evaluate(point);
    return {.shortage = result.shortage, .ttl = result.ttl, .chunks = result.chunks};
  }
  if (const Shortage short_of = shortage(point); short_of != Shortage::None)
    return {.shortage = short_of, .ttl = {}, .chunks = 1};
  const HopB hop_b = time_blocks(point);
  const StepBlocks makespans = makespans_of(times_);
  return {.shortage = Shortage::None,
          .ttl = weighted(stage_weights_->of_step(makespans), makespans),
          .chunks = chunks_of(hop_b, operations_.requests())};
}

PointResult PassEvaluator::evaluate(const Point& point) {
  if (ranks_ != nullptr) return ranks_->evaluate(point);
  const PointTime time = this->time(point);
  PointResult result;
  result.memory = memory_->at(point.batch, point.context);
  result.shortage = time.shortage;
  if (!result.feasible()) return result;
  result.ttl = time.ttl;
  result.chunks = time.chunks;
  const StepWeights weights = stage_weights_->of_step(makespans_of(times_));
  book_categories(times_, weights, result);
  const HopB as_run = operations_.as_run(point.hop_b);
  if (has_error(as_run, setup_->hardware)) {
    const bool overlap = setup_->options.overlap_all_reduce && point.strategy->overlaps_all_reduce;
    result.error = ttl_error({.operations = &operations_,
                              .hop_b = as_run,
                              .weights = weights,
                              .overlap_all_reduce = overlap},
                             setup_->hardware);
  }
  return result;
}

}  // namespace helixsim
