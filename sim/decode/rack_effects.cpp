#include "sim/decode/rack_effects.hpp"

#include <algorithm>

#include "sim/decode/kv_load.hpp"
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
