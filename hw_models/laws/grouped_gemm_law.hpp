#pragma once

#include <span>

#include "hw_models/laws/law_parameter.hpp"

namespace helixsim {

/// The routed experts of one GPU: `rows` pairs of token and expert, which `active` of the GPU's
/// `experts` share, from `tokens` routed over the whole expert group.
struct GroupedGemmShape {
  double tokens = 1;
  double rows = 1;
  double active = 1;
  double experts = 1;
  double hidden = 1;
  double intermediate = 1;  ///< columns of an expert that this GPU holds

  bool operator==(const GroupedGemmShape&) const = default;
};

/// Time of routing, permutation, two grouped GEMMs with the activation between, and the sum.
///
///     weights = active matrices hidden intermediate weight_bytes
///     Tm      = clamp(power of two >= rows / active, 16, tile_rows)
///     waves1  = ceil(active ceil(rows/active/Tm) ceil((matrices-1) intermediate/tile_columns)/SMs)
///     waves2  = ceil(active ceil(rows/active/Tm) ceil(hidden/tile_columns) / SMs)
///     stream  = (waves1 hidden + waves2 intermediate)
///               norm6(per_k, 2 Tm tile_columns / (efficiency peak / SMs))
///     memory  = weights / bandwidth, L2-aware (MemoryReach)
///     t       = fixed + norm(memory, stream) + traffic (tokens + rows) 2 hidden
///               + expert active + idle experts + routing log2(tokens)
///
/// Source: fitted to measured kernels, docs/decisions/0008-measured-laws.md.
struct GroupedGemmLaw {
  using Shape = GroupedGemmShape;

  double fixed = 20e-6;         ///< s
  double per_k = 1e-9;          ///< s for an element of K in one CTA
  double bandwidth = 6e12;      ///< bytes/s
  double l2_bandwidth = 15e12;  ///< bytes/s
  double l2_part = 0.6;
  double efficiency = 0.5;  ///< of the peak
  double traffic = 1e-12;   ///< s a byte of tokens and rows
  double expert = 0.3e-6;   ///< s an active expert
  double idle = 0.05e-6;    ///< s an expert, active or not
  double routing = 0.5e-6;  ///< s a doubling of the tokens
  double sharpness = 3.0;

  int tile_columns = 128;
  int tile_rows = 64;

  double matrices = 3.0;      ///< an expert: 3 with a gate, 2 without
  double weight_bytes = 2.0;  ///< an element
  double peak = 1e15;         ///< flops/s
  LawGpu gpu;

  [[nodiscard]] LawTerms terms(const GroupedGemmShape& shape, bool cold) const;
  [[nodiscard]] double seconds(const GroupedGemmShape& shape, bool cold) const {
    return terms(shape, cold).total;
  }

  static std::span<const LawParameter<GroupedGemmLaw>> parameters();
  static std::span<const LawChoice<GroupedGemmLaw>> choices();
  static std::span<const LawFact<GroupedGemmLaw>> facts();
  static std::span<const LawCoordinate<GroupedGemmLaw>> coordinates();
};

}  // namespace helixsim
