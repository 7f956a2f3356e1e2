#include "sim/decode/memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/llm/ffn/ffn_kind.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

struct LayerCounts {
  int dense;
  int moe;
};

/// Layers of the fullest stage.
LayerCounts fullest_stage(const ModelSpec& model, int pp) {
  if (pp == 1) return {model.dense.layers, model.moe.layers};
  const int layers = (model.layers() + pp - 1) / pp;
  const int moe = std::min(layers, model.moe.layers);
  return {layers - moe, moe};
}

double vocabulary_bytes(const Setup& setup, const Layout& layout, const Widths& widths) {
  const double matrix =
      static_cast<double>(setup.model.vocabulary) * setup.model.hidden / widths.vocabulary;
  const double embedding =
      matrix * bytes_per_element(setup.precision.weight(WeightClass::Embedding));
  const double lm_head = matrix * bytes_per_element(setup.precision.weight(WeightClass::LmHead));
  return layout.pp == 1 ? embedding + lm_head : std::max(embedding, lm_head);
}

}  // namespace

MemoryUse memory_use(const Setup& setup, const Point& point) {
  const Strategy& strategy = point.strategy->get();
  const Layout& layout = point.layout;
  const Widths widths = strategy.widths(layout);
  const auto bytes = [&](WeightClass which) {
    return bytes_per_element(setup.precision.weight(which));
  };
  const StepInput step{.model = setup.model,
                       .attention = *setup.attention,
                       .precision = setup.precision,
                       .layout = layout,
                       .batch = point.batch,
                       .context = point.context,
                       .active = {},
                       .largest_rank = false};
  const AttentionShard shard = attention_shard(step, widths);
  const LayerCounts layers = fullest_stage(setup.model, layout.pp);

  double weights = (layers.dense + layers.moe) * setup.attention->weight_elements(shard) *
                   bytes(WeightClass::Attention);
  weights += layers.dense * dense_ffn_elements(setup.model, widths.dense_ffn) *
             bytes(WeightClass::DenseFfn);
  if (layers.moe > 0) {
    weights += layers.moe * (router_elements(setup.model) * bytes(WeightClass::Router) +
                             routed_expert_elements(setup.model, layout.tpf, layout.ep) *
                                 bytes(WeightClass::RoutedExperts) +
                             shared_expert_elements(setup.model, widths.shared) *
                                 bytes(WeightClass::SharedExpert));
  }
  weights += vocabulary_bytes(setup, layout, widths);

  const double kv_per_token = setup.attention->kv_elements_per_token(shard.kv_heads) *
                              bytes_per_element(setup.precision.kv_cache);
  const double kv = static_cast<double>(layout.pp) * shard.requests * shard.kv_tokens *
                    kv_per_token * (layers.dense + layers.moe);
  return {.weights = Bytes(weights),
          .kv = Bytes(kv),
          .reserve = setup.hardware.reserve(),
          .usable = setup.hardware.gpu().usable_memory()};
}

std::string explain_infeasible(const MemoryUse& memory) {
  return fmt::format("weights {} + KV cache {}{} = {} exceed the usable {} of the fullest GPU",
                     format_bytes(memory.weights), format_bytes(memory.kv),
                     memory.reserve > Bytes() ? " + reserve " + format_bytes(memory.reserve) : "",
                     format_bytes(memory.total()), format_bytes(memory.usable));
}

}  // namespace helixsim
