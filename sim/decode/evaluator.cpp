#include "sim/decode/evaluator.hpp"

#include <algorithm>

#include "sim/decode/memory.hpp"
#include "sim/parallel/blocks.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kRoutingTableLimit = 16384;  // tokens; beyond, routing is computed afresh

bool has_exchange(const OperationList& attention_block) {
  return std::any_of(attention_block.begin(), attention_block.end(),
                     [](const Operation& op) { return op.cut_by_hop_b; });
}

}  // namespace

Evaluator::Evaluator(const Setup& setup)
    : setup_(&setup), scratch_(setup.hardware, setup.options, true) {
  schedules_.emplace_back(setup.hardware, setup.options, false);
  schedules_.emplace_back(setup.hardware, setup.options, true);
}

ActiveExperts Evaluator::routing(int tokens, int ep) {
  if (setup_->model.moe.layers == 0) return {};
  const auto index = static_cast<std::size_t>(tokens);
  const auto row = static_cast<std::size_t>(ep);
  if (index >= kRoutingTableLimit) return active_experts(setup_->model.moe, tokens, ep);
  if (routing_table_.size() <= row) routing_table_.resize(row + 1);
  auto& known = routing_table_[row];
  if (known.size() <= index) known.resize(index + 1, {.mean = -1.0, .largest = -1.0});
  if (known[index].mean < 0.0) known[index] = active_experts(setup_->model.moe, tokens, ep);
  return known[index];
}

void Evaluator::build_operations(const Point& point) {
  const bool theory = setup_->hardware.accounting() == Accounting::Theory;
  const StepInput step{.model = setup_->model,
                       .attention = *setup_->attention,
                       .precision = setup_->precision,
                       .layout = point.layout,
                       .batch = point.batch,
                       .context = point.context,
                       .active = routing(point.batch, point.layout.ep),
                       .largest_rank = !theory};
  const Strategy& strategy = point.strategy->get();
  for (OperationList& operations : lists_) operations.clear();
  strategy.attention_block(step, list(Block::Attention));
  if (setup_->model.dense.layers > 0) strategy.dense_block(step, list(Block::Dense));
  if (setup_->model.moe.layers > 0) strategy.moe_block(step, list(Block::Moe));
  strategy.begin(step, list(Block::Begin));
  strategy.end(step, list(Block::End));
  if (theory) {
    // The reference arithmetic counts lm_head alone at the ends.
    list(Block::Begin).clear();
    auto& end = list(Block::End);
    std::erase_if(end, [](const Operation& op) { return op.kind != OperationKind::Gemm; });
  }
  if (point.layout.pp > 1) {
    const Bytes hidden = step.hidden_bytes(step.group_batch());
    add_exchange("pipeline_hop", CollectiveKind::PointToPoint, StartUp::PointToPoint,
                 point.layout.hop_group(), hidden, hidden, list(Block::Hop));
  }
}

HopB Evaluator::resolve(const Point& point, Schedule& scratch) {
  if (!point.strategy->hides_exchange || !has_exchange(list(Block::Attention)))
    return {HopBMode::Off, 1};
  if (point.hop_b.mode != HopBMode::Best) return point.hop_b;
  const int chunks =
      best_chunks(list(Block::Attention), point.batch / point.layout.dp, setup_->hardware, scratch);
  return chunks == 1 ? HopB{HopBMode::Off, 1} : HopB{HopBMode::Chunks, chunks};
}

PointResult Evaluator::evaluate(const Point& point) {
  PointResult result;
  result.memory = memory_use(*setup_, point);
  result.shortage = shortage_of(result.memory);
  if (!result.feasible()) return result;

  build_operations(point);
  const HopB hop_b = resolve(point, scratch_);
  const int requests = point.batch / point.layout.dp;
  schedule_index_ = point.strategy->overlaps_all_reduce ? 1 : 0;
  Schedule& schedule = schedules_[schedule_index_];
  schedule.clear();
  for (const OperationList& operations : lists_) schedule.append(operations, hop_b, requests);
  schedule.run();

  const auto blocks = schedule.blocks();
  const StepBlocks makespans{.begin = blocks[0].makespan,
                             .attention = blocks[1].makespan,
                             .dense = blocks[2].makespan,
                             .moe = blocks[3].makespan,
                             .end = blocks[4].makespan,
                             .hop = blocks[5].makespan};
  weights_ = step_weights(setup_->model, point.layout.pp, setup_->hardware.accounting(), makespans);
  result.ttl = weighted(weights_, makespans);
  result.chunks = hop_b.mode == HopBMode::Off      ? 1
                  : hop_b.mode == HopBMode::Chunks ? hop_b.chunks
                                                   : requests;

  const double weights[kBlocks] = {weights_.begin, weights_.attention, weights_.dense,
                                   weights_.moe,   weights_.end,       weights_.hop};
  constexpr auto kCommunication = static_cast<std::size_t>(TimeCategory::Communication);
  for (std::size_t b = 0; b < kBlocks; ++b) {
    SimTime compute;
    for (std::size_t c = 0; c < kTimeCategories; ++c) {
      if (c == kCommunication) continue;
      compute += blocks[b].busy[c];
      result.seconds[c] += weights[b] * blocks[b].busy[c].seconds().value();
    }
    const SimTime exposed = blocks[b].makespan - compute;
    const SimTime hidden = blocks[b].busy[kCommunication] - exposed;
    result.seconds[kCommunication] += weights[b] * exposed.seconds().value();
    result.hidden_seconds += weights[b] * std::max(hidden, SimTime()).seconds().value();
  }
  return result;
}

}  // namespace helixsim
