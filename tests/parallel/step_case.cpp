#include "tests/parallel/step_case.hpp"

#include <stdexcept>

#include "sim/llm/attention/registry.hpp"
#include "tests/support/layouts.hpp"
#include "tests/support/models.hpp"

namespace helixsim {

const std::vector<ModelSpec>& test_models() {
  static const std::vector<ModelSpec> kModels{small_gqa_model(), small_mla_moe_model(),
                                              llama_405b(), deepseek_r1()};
  return kModels;
}

StepCase::StepCase(const StrategyEntry& strategy_entry, const ModelSpec& model_spec,
                   const Layout& step_layout, int step_batch, double step_context)
    : entry(&strategy_entry),
      model(model_spec),
      attention(make_attention(model.attention, model.hidden)),
      layout(step_layout),
      batch(step_batch),
      context(step_context) {}

StepInput StepCase::step() const {
  return {.model = model,
          .attention = *attention,
          .precision = precision,
          .layout = layout,
          .batch = batch,
          .context = context,
          .active = model.moe.layers > 0
                        ? RoutingModel(model.moe, options.routing).at(batch, layout.ep)
                        : ActiveExperts{},
          .largest_rank = true,
          .options = options_for(*entry, options)};
}

OperationList StepCase::attention_block() const {
  OperationList operations;
  strategy().attention_block(step(), operations);
  return operations;
}

std::vector<OperationList> StepCase::blocks() const {
  std::vector<OperationList> lists(5);
  strategy().attention_block(step(), lists[0]);
  if (model.dense.layers > 0) strategy().dense_block(step(), lists[1]);
  if (model.moe.layers > 0) strategy().moe_block(step(), lists[2]);
  strategy().begin(step(), lists[3]);
  strategy().end(step(), lists[4]);
  return lists;
}

StepCase random_step(const StrategyEntry& strategy, Random& random) {
  StepCase step = default_step(strategy, random);
  step.options.merge_before_w_uv = random.coin();
  step.options.exchange =
      random.pick<DcpExchange>({DcpExchange::AllGatherReduceScatter, DcpExchange::AllToAll});
  step.options.query = random.pick<DcpQuery>({DcpQuery::Replicate, DcpQuery::AllGather});
  step.options.moe_exchange = random.pick<MoeExchange>(
      {MoeExchange::AllReduce, MoeExchange::AllGather, MoeExchange::DispatchCombine});
  step.options.routing = random.pick<Routing>(
      {{}, {.kind = Routing::Kind::PowerLaw, .alpha = 0.25 * random.between(1, 6)}});
  step.options.shared_expert =
      random.pick<SharedExpert>({SharedExpert::Serial, SharedExpert::SecondStream});
  step.options.minimum_shard_columns = random.pick<int>({0, 128, 1024});
  return step;
}

StepCase default_step(const StrategyEntry& strategy, Random& random) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    const ModelSpec& model = random.pick(test_models());
    const auto attention = make_attention(model.attention, model.hidden);
    const auto layout = random_layout(strategy, model, *attention, random);
    if (!layout) continue;
    const int batch = layout->dp * random.between(1, 24);
    return {strategy, model, *layout, batch, static_cast<double>(random.between(1, 4'000'000))};
  }
  throw std::logic_error("no layout for this strategy");
}

}  // namespace helixsim
