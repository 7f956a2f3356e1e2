#include "sim/decode/step_operations.hpp"

#include <algorithm>

#include "sim/engine/contract.hpp"
#include "sim/parallel/blocks.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kRoutingTableLimit = 16384;  // tokens; beyond, routing is computed afresh
constexpr HopB kOff{HopBMode::Off, 1};

}  // namespace

AttentionShard shard_of_one_token(const Setup& setup, const StrategyEntry& strategy,
                                  const Layout& layout) {
  const ScheduleOptions options = options_for(strategy, setup.options);
  return attention_shard({.model = setup.model,
                          .attention = *setup.attention,
                          .precision = setup.precision,
                          .layout = layout,
                          .batch = layout.dp,
                          .context = 1,
                          .active = {},
                          .largest_rank = false,
                          .options = options},
                         strategy.get().widths(layout, options));
}

StepOperations::StepOperations(const Setup& setup)
    : setup_(&setup), routing_(setup.model.moe, setup.options.routing) {}

ActiveExperts StepOperations::routing(int tokens, int ep) {
  if (setup_->model.moe.layers == 0) return {};
  const auto index = static_cast<std::size_t>(tokens);
  const auto row = static_cast<std::size_t>(ep);
  if (index >= kRoutingTableLimit) return routing_.at(tokens, ep);
  if (routing_table_.size() <= row) routing_table_.resize(row + 1);
  auto& known = routing_table_[row];
  if (known.size() <= index) known.resize(index + 1, {.mean = -1.0});
  if (known[index].mean < 0.0) known[index] = routing_.at(tokens, ep);
  return known[index];
}

StepOperations::Change StepOperations::build(const StrategyEntry& strategy, const Layout& layout,
                                             int batch, double context) {
  const bool same_but_context = strategy_ == &strategy && batch_ == batch && layout_ == layout;
  if (same_but_context && context_ == context) return Change::None;
  best_.reset();
  context_ = context;
  if (same_but_context) {
    shard_.kv_tokens = context / layout.kvp;
    list(Block::Attention)[attention_kernel_] =
        setup_->attention->flash_decode(shard_, setup_->precision);
    return Change::AttentionKernel;
  }
  if (strategy_ != &strategy) options_ = options_for(strategy, setup_->options);
  const StepInput step{.model = setup_->model,
                       .attention = *setup_->attention,
                       .precision = setup_->precision,
                       .layout = layout,
                       .batch = batch,
                       .context = context,
                       .active = routing(batch, layout.ep),
                       .largest_rank = setup_->hardware.accounting() != Accounting::Theory,
                       .options = options_};
  strategy_ = nullptr;  // nothing is known until everything is written
  build_all(strategy.get(), step);
  shard_ = attention_shard(step, strategy.get().widths(layout, options_));
  has_exchange_ = strategy.hides_exchange &&
                  std::any_of(list(Block::Attention).begin(), list(Block::Attention).end(),
                              [](const Operation& op) { return op.cut_by_hop_b; });
  strategy_ = &strategy;
  layout_ = layout;
  batch_ = batch;
  return Change::All;
}

void StepOperations::build_all(const Strategy& strategy, const StepInput& step) {
  for (OperationList& operations : lists_) operations.clear();
  OperationList& attention = list(Block::Attention);
  strategy.attention_block(step, attention);
  const auto kernel = std::find_if(attention.begin(), attention.end(), [](const Operation& op) {
    return op.kind == OperationKind::Attention;
  });
  ensure(kernel != attention.end(), "an attention block has an attention kernel");
  attention_kernel_ = static_cast<std::size_t>(kernel - attention.begin());
  if (setup_->model.dense.layers > 0) strategy.dense_block(step, list(Block::Dense));
  if (setup_->model.moe.layers > 0) strategy.moe_block(step, list(Block::Moe));
  strategy.begin(step, list(Block::Begin));
  strategy.end(step, list(Block::End));
  if (setup_->hardware.accounting() == Accounting::Theory) {
    // The reference arithmetic counts lm_head alone at the ends.
    list(Block::Begin).clear();
    std::erase_if(list(Block::End),
                  [](const Operation& op) { return op.kind != OperationKind::Gemm; });
  } else if (step.options.host > Seconds()) {
    Operation host = elementwise("host");
    host.host = step.options.host;
    list(Block::End).push_back(host);
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
    const int chunks = chunk_choices_.best(list(Block::Attention), requests(), setup_->hardware);
    best_ = chunks == 1 ? kOff : HopB{HopBMode::Chunks, chunks};
  }
  return *best_;
}

}  // namespace helixsim
