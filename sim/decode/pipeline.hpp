#pragma once

#include <vector>

#include "hw_models/hardware.hpp"
#include "sim/decode/block.hpp"
#include "sim/engine/time.hpp"
#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// How often each block counts in a TTL.
struct StepWeights {
  double begin = 0;
  double attention = 0;
  double dense = 0;
  double moe = 0;
  double end = 0;
  double hop = 0;

  [[nodiscard]] double of(Block block) const {
    const double weights[kBlocks] = {begin, attention, dense, moe, end, hop};
    return weights[static_cast<int>(block)];
  }
  bool operator==(const StepWeights&) const = default;
};

/// Makespans of the blocks of a step.
struct StepBlocks {
  SimTime begin;
  SimTime attention;
  SimTime dense;
  SimTime moe;
  SimTime end;
  SimTime hop;  ///< hidden states to the next stage
};

/// Layers of one pipeline stage; dense layers come first, and the first L mod pp stages hold one
/// layer more.
struct StageLayers {
  int dense;
  int moe;
};
StageLayers stage_layers(const ModelSpec& model, int pp, int stage);

/// The weights that the stages of a pipeline may have, each kind of stage once.
///
/// Event accounting: pp micro-batches circulate, so TTL = pp x the slowest stage; every stage pays
/// one hop, the first the embedding, the last lm_head. Theory: TTL = pp ceil(L/pp)/L x all layers +
/// lm_head + pp hops. Source: docs/modelling.md, pipeline parallelism.
class StageWeights {
 public:
  StageWeights(const ModelSpec& model, int pp, Accounting accounting);

  /// Those of the step: of its slowest stage, the first of equals.
  [[nodiscard]] StepWeights of_step(const StepBlocks& blocks) const;

 private:
  int pp_;
  Accounting accounting_;
  std::vector<StepWeights> stages_;  ///< in order of stages
};

StepWeights step_weights(const ModelSpec& model, int pp, Accounting accounting,
                         const StepBlocks& blocks);

/// Sum of blocks by weights.
double weighted_picoseconds(const StepWeights& weights, const StepBlocks& blocks);
/// The same in whole picoseconds. Errors: ConfigError below 1 ps and above 10^6 s.
SimTime weighted(const StepWeights& weights, const StepBlocks& blocks);

}  // namespace helixsim
