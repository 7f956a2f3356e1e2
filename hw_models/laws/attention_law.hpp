#pragma once

#include <span>

#include "hw_models/laws/law_parameter.hpp"
#include "hw_models/laws/split_plan.hpp"

namespace helixsim {

/// One decode step of attention: one query token a request. MLA: one KV head, head_size 576.
struct AttentionShape {
  double batch = 1;
  double kv_tokens = 1;  ///< cached, of each request
  double kv_heads = 1;
  double group = 1;  ///< query heads a KV head
  double head_size = 128;
  double window = 0;  ///< tokens that a query sees; 0: all

  bool operator==(const AttentionShape&) const = default;
};

/// Time of flash-decode with split KV: few CTAs walk along the cache, or HBM streams it.
///
///     seen   = kv_tokens, or the window where it is smaller and walk_all is 0
///     items  = batch kv_heads ceil(group / tile_heads); tiles = ceil(seen / 128)
///     s      = splits, as many as fill the SMs, at most max_splits and ceil(seen / split_tokens)
///     waves  = ceil(items s / SMs)
///     cta    = waves ceil(tiles / s) 128 norm6(per_token + per_byte bytes a token,
///                                             flops of tile_heads / (efficiency peak / SMs))
///     memory = KV bytes / bandwidth, L2-aware (MemoryReach)
///     t      = fixed + norm(memory, cta) + wave (waves - 1) + split log2(s) + query (q + out
///     bytes)
///
/// Source: fitted to measured kernels, docs/decisions/0008-measured-laws.md.
struct AttentionLaw {
  using Shape = AttentionShape;

  double fixed = 10e-6;         ///< s
  double per_token = 1e-9;      ///< s for a token in one CTA
  double per_byte = 1e-11;      ///< s for a byte of KV in one CTA
  double bandwidth = 7e12;      ///< bytes/s
  double l2_bandwidth = 15e12;  ///< bytes/s
  double l2_part = 0.63;
  double efficiency = 0.6;
  double wave = 0.5e-6;   ///< s
  double split = 0.5e-6;  ///< s
  double query = 1e-13;   ///< s a byte of queries and outputs
  double sharpness = 4.0;

  int tile_heads = 16;
  int max_splits = 16;
  int split_tokens = 128;  ///< fewest that a part of the cache has, where there are as many
  int walk_all = 0;        ///< 1: the kernel walks over the whole cache whatever the window

  double kv_bytes = 1.0;         ///< an element of the cache
  double sides = 2.0;            ///< K and V apart; 1 when one latent row is both
  double value_size_part = 1.0;  ///< of the head size, that the output has
  double peak = 1e15;            ///< flops/s
  LawGpu gpu;

  [[nodiscard]] LawTerms terms(const AttentionShape& shape, bool cold) const;
  [[nodiscard]] double seconds(const AttentionShape& shape, bool cold) const {
    return terms(shape, cold).total;
  }

  /// How a launch of the shape is cut.
  [[nodiscard]] SplitPlan splits(const AttentionShape& shape) const;

  static std::span<const LawParameter<AttentionLaw>> parameters();
  static std::span<const LawChoice<AttentionLaw>> choices();
  static std::span<const LawFact<AttentionLaw>> facts();
  static std::span<const LawCoordinate<AttentionLaw>> coordinates();
};

}  // namespace helixsim
