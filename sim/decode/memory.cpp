#include "sim/decode/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/decode/kv_load.hpp"
#include "sim/decode/step_operations.hpp"
#include "sim/llm/ffn/ffn_kind.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

struct LayerCounts {
  int dense;
  int moe;
};

/// The mixes that may be the fullest stage: with pp stages, as many layers of one kind as a stage
/// can hold.
std::array<LayerCounts, 2> fullest_stages(const ModelSpec& model, int pp) {
  if (pp == 1)
    return {{{model.dense.layers, model.moe.layers}, {model.dense.layers, model.moe.layers}}};
  const int layers = (model.layers() + pp - 1) / pp;
  const int moe = std::min(layers, model.moe.layers);
  const int dense = std::min(layers, model.dense.layers);
  return {{{layers - moe, moe}, {dense, layers - dense}}};
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

LayoutMemory::LayoutMemory(const Setup& setup, const StrategyEntry& entry, const Layout& layout)
    : layout_(layout) {
  const Widths widths = entry.get().widths(layout, options_for(entry, setup.options));
  const auto bytes = [&](WeightClass which) {
    return bytes_per_element(setup.precision.weight(which));
  };
  const int columns = setup.options.minimum_shard_columns;
  const AttentionShard shard = shard_of_one_token(setup, entry, layout);

  const double attention_bytes =
      setup.attention->weight_elements(shard) * bytes(WeightClass::Attention);
  const double dense_bytes =
      dense_ffn_elements(setup.model, widths.dense_ffn, columns) * bytes(WeightClass::DenseFfn);
  const double moe_bytes =
      setup.model.moe.layers == 0
          ? 0.0
          : router_elements(setup.model) * bytes(WeightClass::Router) +
                routed_expert_elements(setup.model, layout.tpf, layout.ep, columns) *
                    bytes(WeightClass::RoutedExperts) +
                shared_expert_elements(setup.model, widths.shared, columns) *
                    bytes(WeightClass::SharedExpert);
  double weights = 0.0;
  for (const LayerCounts& layers : fullest_stages(setup.model, layout.pp)) {
    layers_held_ = layers.dense + layers.moe;
    weights = std::max(weights, layers_held_ * attention_bytes + layers.dense * dense_bytes +
                                    layers.moe * moe_bytes);
  }
  weights += vocabulary_bytes(setup, layout, widths);

  kv_per_token_ = setup.attention->kv_elements_per_token(shard.kv_heads) *
                  bytes_per_element(setup.precision.kv_cache);
  without_kv_ = {.weights = Bytes(weights),
                 .kv = {},
                 .reserve = setup.hardware.reserve(),
                 .usable = setup.hardware.gpu().usable_memory()};
}

MemoryUse memory_use(const Setup& setup, const Point& point) {
  MemoryUse use = LayoutMemory(setup, *point.strategy, point.layout).at(point.batch, point.context);
  use.kv *= fullest_kv_load(setup, point);
  return use;
}

std::string explain_infeasible(const MemoryUse& memory) {
  return fmt::format("weights {} + KV cache {}{} = {} exceed the usable {} of the fullest GPU",
                     format_bytes(memory.weights), format_bytes(memory.kv),
                     memory.reserve > Bytes() ? " + reserve " + format_bytes(memory.reserve) : "",
                     format_bytes(memory.total()), format_bytes(memory.usable));
}

}  // namespace helixsim
