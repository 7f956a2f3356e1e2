#pragma once

#include <string>

#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"

namespace helixsim {

/// What the fullest GPU of a layout holds: weights are found once, the KV cache is a product.
///
/// Model:  weights = ceil(L/pp) layers (where the model has two kinds and pp > 1, the heavier kind
/// as far as it goes) +
///         embedding and lm_head over the strategy's width (one of them when pp > 1); KV = pp
///         micro-batches x b requests x S/KVP tokens x ceil(L/pp) layers, an even share without
///         rounding to blocks; reserve from the system file.
/// Source: shared definitions of docs/modelling.md; checked against tests/reference/points.json.
class LayoutMemory {
 public:
  LayoutMemory(const Setup& setup, const StrategyEntry& strategy, const Layout& layout);

  /// For `batch` requests of a micro-batch with `context` cached tokens each.
  [[nodiscard]] MemoryUse at(int batch, double context) const {
    const int requests = batch / layout_.dp;  // of an attention group
    const double kv_tokens = context / layout_.kvp;
    MemoryUse use = without_kv_;
    use.kv = Bytes(static_cast<double>(layout_.pp) * requests * kv_tokens * kv_per_token_ *
                   layers_held_);
    return use;
  }

 private:
  Layout layout_;
  MemoryUse without_kv_;
  double kv_per_token_ = 0.0;  ///< bytes of one layer
  int layers_held_ = 0;
};

/// The same for one point, whose contexts need not be equal.
MemoryUse memory_use(const Setup& setup, const Point& point);

/// One sentence: what does not fit into what.
std::string explain_infeasible(const MemoryUse& memory);

}  // namespace helixsim
