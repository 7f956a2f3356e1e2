#pragma once

#include <span>
#include <vector>

#include "sim/decode/pipeline.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"
#include "sim/decode/step_operations.hpp"

namespace helixsim {

/// A lower bound of the TTL of every point of one layout, for a small part of the work of its TTL.
///
/// Model:  for the largest anchor batch that is not above the point's,
///             bound = TTL of (the blocks at the anchor and the shortest context, the attention
///                     kernel in them replaced by that of the point)
///         With HOP-B the exchange counts as one without bytes, and the attention kernel as the
///         least that its parts can take.
/// Proof:  docs/modelling.md, section 12. No number of an operation falls when batch or context
///         grow (contract of Strategy), no duration falls with them (contract of KernelModel), and
///         a TTL is built from durations by sums, maxima and weights that are not negative. What
///         rounding may do to that is taken off: a picosecond an operation.
/// Checked against Evaluator in tests/decode/ttl_bound_test.cpp.
class TtlBound {
 public:
  /// `shortest_context`: no point has fewer cached tokens.
  TtlBound(const Setup& setup, const StrategyEntry& strategy, const Layout& layout,
           double shortest_context);

  /// Anchors rise. `scratch` is any StepOperations of the setup.
  void add_anchor(int batch, StepOperations& scratch);
  /// For every one of `modes`: the smallest of their bounds. Contract: an anchor is not above
  /// `batch`.
  [[nodiscard]] SimTime at(int batch, double context, std::span<const HopB> modes) const;

 private:
  struct Anchor {
    int batch = 0;
    StepBlocks rest;        ///< attention without its kernel, its exchange after it
    SimTime rest_when_cut;  ///< attention without its kernel, its exchange without bytes
  };

  [[nodiscard]] SimTime attention(const Anchor& anchor, int batch, double context,
                                  std::span<const HopB> modes) const;

  const Setup* setup_;
  const StrategyEntry* strategy_;
  Layout layout_;
  double shortest_context_;
  bool overlap_;
  bool hides_exchange_ = false;  ///< HOP-B changes this layout's schedule
  AttentionShard shard_;         ///< of any step; requests and tokens are the point's
  StageWeights stage_weights_;
  std::vector<Anchor> anchors_;
};

}  // namespace helixsim
