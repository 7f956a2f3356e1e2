#pragma once

#include <optional>

#include "sim/parallel/registry.hpp"
#include "tests/support/random.hpp"

namespace helixsim {

/// A layout that the strategy can run on at most 64 GPUs, with widths in powers of two; empty when
/// chance finds none.
inline std::optional<Layout> random_layout(const StrategyEntry& entry, const ModelSpec& model,
                                           const AttentionKind& attention, Random& random,
                                           int largest_pp = 4) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    Layout layout{.tpa = random.power_of_two(4),
                  .kvp = entry.uses_kvp ? random.power_of_two(5) : 1,
                  .dp = entry.uses_dp ? random.power_of_two(5) : 1,
                  .tpf = 1,
                  .ep = model.moe.layers > 0 ? random.power_of_two(5) : 1,
                  .pp = random.between(1, largest_pp)};
    const int ffn_gpus = entry.get().widths(layout, {}).dense_ffn;
    if (ffn_gpus % layout.ep != 0 || layout.gpus() > 64) continue;
    layout.tpf = ffn_gpus / layout.ep;
    if (common_fault(model, attention, layout)) continue;
    if (entry.get().fault(attention, model, layout)) continue;
    return layout;
  }
  return std::nullopt;
}

}  // namespace helixsim
