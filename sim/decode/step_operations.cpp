#include "sim/decode/step_operations.hpp"

#include <algorithm>

#include "sim/parallel/best_chunks.hpp"
#include "sim/parallel/blocks.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kRoutingTableLimit = 16384;  // tokens; beyond, routing is computed afresh
constexpr HopB kOff{HopBMode::Off, 1};

}  // namespace

StepOperations::StepOperations(const Setup& setup) : setup_(&setup) {}

ActiveExperts StepOperations::routing(int tokens, int ep) {
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

StepOperations::Change StepOperations::build(const StrategyEntry& strategy, const Layout& layout,
                                             int batch, double context) {
  const bool same_others = strategy_ == &strategy && batch_ == batch && layout_ == layout;
  if (same_others && context_ == context) return Change::None;
  // Nothing is known until everything is written: a list may be refused half-way.
  strategy_ = nullptr;
  const StepInput step{.model = setup_->model,
                       .attention = *setup_->attention,
                       .precision = setup_->precision,
                       .layout = layout,
                       .batch = batch,
                       .context = context,
                       .active = routing(batch, layout.ep),
                       .largest_rank = setup_->hardware.accounting() != Accounting::Theory};
  list(Block::Attention).clear();
  strategy.get().attention_block(step, list(Block::Attention));
  has_exchange_ = strategy.hides_exchange &&
                  std::any_of(list(Block::Attention).begin(), list(Block::Attention).end(),
                              [](const Operation& op) { return op.cut_by_hop_b; });
  best_.reset();
  if (!same_others) build_others(strategy.get(), step);
  strategy_ = &strategy;
  layout_ = layout;
  batch_ = batch;
  context_ = context;
  return same_others ? Change::Attention : Change::All;
}

void StepOperations::build_others(const Strategy& strategy, const StepInput& step) {
  for (const Block block : {Block::Begin, Block::Dense, Block::Moe, Block::End, Block::Hop})
    list(block).clear();
  if (setup_->model.dense.layers > 0) strategy.dense_block(step, list(Block::Dense));
  if (setup_->model.moe.layers > 0) strategy.moe_block(step, list(Block::Moe));
  strategy.begin(step, list(Block::Begin));
  strategy.end(step, list(Block::End));
  if (setup_->hardware.accounting() == Accounting::Theory) {
    // The reference arithmetic counts lm_head alone at the ends.
    list(Block::Begin).clear();
    std::erase_if(list(Block::End),
                  [](const Operation& op) { return op.kind != OperationKind::Gemm; });
  }
  if (step.layout.pp > 1) {
    const Bytes hidden = step.hidden_bytes(step.group_batch());
    add_exchange("pipeline_hop", CollectiveKind::PointToPoint, StartUp::PointToPoint,
                 step.layout.hop_group(), hidden, hidden, list(Block::Hop));
  }
}

HopB StepOperations::as_run(const HopB& asked) {
  if (!has_exchange_) return kOff;
  if (asked.mode != HopBMode::Best) return asked;
  if (!best_) {
    const int chunks = best_chunks(list(Block::Attention), requests(), setup_->hardware);
    best_ = chunks == 1 ? kOff : HopB{HopBMode::Chunks, chunks};
  }
  return *best_;
}

}  // namespace helixsim
