#include "sim/decode/rack_effects.hpp"

#include <algorithm>
#include <span>

#include "sim/llm/routing.hpp"

namespace helixsim {
namespace {

/// Active experts and tokens of each EP rank over those that the operations cost; nothing without
/// experts.
void draw_experts(const Evaluator& evaluator, const Point& point, RankEffects& effects) {
  const MoeFfnSpec& moe = evaluator.setup().model.moe;
  if (moe.layers == 0) return;
  double costed = 0.0;
  for (const Operation& op : evaluator.operations(Block::Moe)) {
    costed = std::max(costed, op.active_experts);
  }
  if (costed <= 0.0) return;
  const int ep = point.layout.ep;
  const SampledExperts sampled = sampled_experts(moe.experts, moe.experts_per_token, point.batch,
                                                 ep, evaluator.setup().rack.seed);
  // Rows are costed in proportion to active experts, see moe_experts.
  const double mean_active = active_experts(moe, point.batch, ep).mean;
  const double mean_rows = static_cast<double>(point.batch) * moe.experts_per_token / ep;
  for (const double active : sampled.active) effects.expert_load.push_back(active / costed);
  for (const double rows : sampled.rows) {
    effects.token_load.push_back(rows / mean_rows * (mean_active / costed));
  }
}

}  // namespace

std::vector<double> attention_loads(const Setup& setup, const Point& point) {
  constexpr int kDefaultBlock = 16;  // tokens, as in the Helix paper
  if (point.contexts.empty() && !setup.rack.kv_append_block) return {};
  const Layout& layout = point.layout;
  const auto requests = static_cast<std::size_t>(point.batch / layout.dp);
  std::vector<double> all = point.contexts;
  if (all.empty()) all.assign(static_cast<std::size_t>(point.batch), point.context);
  const int block = setup.rack.kv_append_block.value_or(kDefaultBlock);
  std::vector<double> loads;
  for (int group = 0; group < layout.dp; ++group) {
    const auto contexts =
        std::span(all).subspan(static_cast<std::size_t>(group) * requests, requests);
    double held = 0.0;
    for (const double tokens : contexts) held += tokens;
    const double of_group = held / (static_cast<double>(requests) * point.context);
    for (const double load : kv_loads(contexts, block, layout.kvp)) {
      loads.insert(loads.end(), static_cast<std::size_t>(layout.tpa), load * of_group);
    }
  }
  return loads;
}

double fullest_kv_load(const Setup& setup, const Point& point) {
  const std::vector<double> loads = attention_loads(setup, point);
  return loads.empty() ? 1.0 : *std::max_element(loads.begin(), loads.end());
}

RankEffects effects_on(const Evaluator& evaluator, const Point& point) {
  const Setup& setup = evaluator.setup();
  const RackSpec& rack = setup.rack;
  RankEffects effects{.slowdown = slowdowns(rack, point.layout.gpus()),
                      .attention_load = {},
                      .expert_load = {},
                      .token_load = {},
                      .jitter = rack.jitter,
                      .seed = rack.seed,
                      .network = rack.network,
                      .failed_links = failed_links(rack, setup.hardware.fabric()),
                      .share_hbm = rack.share_hbm};
  const std::vector<double> of_stage = attention_loads(setup, point);
  for (int stage = 0; stage < point.layout.pp && !of_stage.empty(); ++stage) {
    effects.attention_load.insert(effects.attention_load.end(), of_stage.begin(), of_stage.end());
  }
  if (rack.sample_experts) draw_experts(evaluator, point, effects);
  return effects;
}

bool needs_ranks(const Setup& setup, const Point& point) {
  return setup.rack.needs_ranks() || !point.contexts.empty();
}

}  // namespace helixsim
