#include "sim/decode/rack_effects.hpp"

#include <algorithm>
#include <span>

namespace helixsim {
namespace {

/// Active experts of each EP rank over those that the operations cost; empty without experts.
std::vector<double> expert_loads(const Evaluator& evaluator, const Point& point) {
  const MoeFfnSpec& moe = evaluator.setup().model.moe;
  if (moe.layers == 0) return {};
  double costed = 0.0;
  for (const Operation& op : evaluator.operations(Block::Moe)) {
    costed = std::max(costed, op.active_experts);
  }
  if (costed <= 0.0) return {};
  std::vector<double> loads =
      sampled_active_experts(moe.experts, moe.experts_per_token, point.batch, point.layout.ep,
                             evaluator.setup().rack.seed);
  for (double& load : loads) load /= costed;
  return loads;
}

}  // namespace

std::vector<double> attention_loads(const Setup& setup, const Point& point) {
  if (point.contexts.empty()) return {};
  const Layout& layout = point.layout;
  const auto requests = static_cast<std::size_t>(point.batch / layout.dp);
  std::vector<double> loads;
  for (int group = 0; group < layout.dp; ++group) {
    const auto contexts =
        std::span(point.contexts).subspan(static_cast<std::size_t>(group) * requests, requests);
    double held = 0.0;
    for (const double tokens : contexts) held += tokens;
    const double of_group = held / (static_cast<double>(requests) * point.context);
    for (const double load : kv_loads(contexts, setup.rack.kv_append_block, layout.kvp)) {
      loads.insert(loads.end(), static_cast<std::size_t>(layout.tpa), load * of_group);
    }
  }
  return loads;
}

RankEffects effects_on(const Evaluator& evaluator, const Point& point) {
  const Setup& setup = evaluator.setup();
  const RackSpec& rack = setup.rack;
  RankEffects effects{.slowdown = slowdowns(rack, point.layout.gpus()),
                      .attention_load = {},
                      .expert_load = {},
                      .jitter = rack.jitter,
                      .seed = rack.seed,
                      .network = rack.network,
                      .failed_links = failed_links(rack, setup.hardware.fabric()),
                      .share_hbm = rack.share_hbm};
  const std::vector<double> of_stage = attention_loads(setup, point);
  for (int stage = 0; stage < point.layout.pp && !of_stage.empty(); ++stage) {
    effects.attention_load.insert(effects.attention_load.end(), of_stage.begin(), of_stage.end());
  }
  if (rack.sample_experts) effects.expert_load = expert_loads(evaluator, point);
  return effects;
}

bool needs_ranks(const Setup& setup, const Point& point) {
  return setup.rack.needs_ranks() || !point.contexts.empty();
}

}  // namespace helixsim
