#include "sim/decode/pipeline.hpp"

#include <algorithm>
#include <cmath>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

constexpr double kLongestStep = 1e18;  // picoseconds

StepWeights theory_weights(const ModelSpec& model, int pp) {
  const int layers = model.layers();
  const double rounded_up = (layers + pp - 1) / pp;
  const double factor = pp * rounded_up / layers;
  return {.begin = 0,
          .attention = factor * layers,
          .dense = factor * model.dense.layers,
          .moe = factor * model.moe.layers,
          .end = 1,
          .hop = pp > 1 ? static_cast<double>(pp) : 0.0};
}

}  // namespace

StageLayers stage_layers(const ModelSpec& model, int pp, int stage) {
  const int whole = model.layers() / pp;
  const int longer = model.layers() % pp;
  const int first = stage * whole + std::min(stage, longer);
  const int count = whole + (stage < longer ? 1 : 0);
  const int dense = std::clamp(model.dense.layers - first, 0, count);
  return {.dense = dense, .moe = count - dense};
}

StageWeights::StageWeights(const ModelSpec& model, int pp, Accounting accounting)
    : pp_(pp), accounting_(accounting) {
  if (accounting == Accounting::Theory) {
    stages_.push_back(theory_weights(model, pp));
    return;
  }
  for (int stage = 0; stage < pp; ++stage) {
    const StageLayers layers = stage_layers(model, pp, stage);
    const StepWeights weights{.begin = stage == 0 ? 1.0 : 0.0,
                              .attention = static_cast<double>(layers.dense + layers.moe),
                              .dense = static_cast<double>(layers.dense),
                              .moe = static_cast<double>(layers.moe),
                              .end = stage == pp - 1 ? 1.0 : 0.0,
                              .hop = pp > 1 ? 1.0 : 0.0};
    if (std::find(stages_.begin(), stages_.end(), weights) == stages_.end())
      stages_.push_back(weights);
  }
}

StepWeights StageWeights::of_step(const StepBlocks& blocks) const {
  if (accounting_ == Accounting::Theory) return stages_.front();
  const StepWeights* slowest = &stages_.front();
  double slowest_time = -1.0;
  for (const StepWeights& stage : stages_) {
    const double time = weighted_picoseconds(stage, blocks);
    if (time > slowest_time) {
      slowest = &stage;
      slowest_time = time;
    }
  }
  StepWeights weights = *slowest;
  for (double* weight : {&weights.begin, &weights.attention, &weights.dense, &weights.moe,
                         &weights.end, &weights.hop}) {
    *weight *= pp_;
  }
  return weights;
}

StepWeights step_weights(const ModelSpec& model, int pp, Accounting accounting,
                         const StepBlocks& blocks) {
  return StageWeights(model, pp, accounting).of_step(blocks);
}

double weighted_picoseconds(const StepWeights& weights, const StepBlocks& blocks) {
  const auto ps = [](SimTime time) { return static_cast<double>(time.picoseconds()); };
  return weights.begin * ps(blocks.begin) + weights.attention * ps(blocks.attention) +
         weights.dense * ps(blocks.dense) + weights.moe * ps(blocks.moe) +
         weights.end * ps(blocks.end) + weights.hop * ps(blocks.hop);
}

SimTime weighted(const StepWeights& weights, const StepBlocks& blocks) {
  const double picoseconds = weighted_picoseconds(weights, blocks);
  if (picoseconds < 1.0)
    throw ConfigError("the step takes less than a picosecond: is the model or the system real?");
  if (picoseconds > kLongestStep)
    throw ConfigError("the step takes longer than 10^6 s: are the system's rates right?");
  return SimTime(std::llround(picoseconds));
}

}  // namespace helixsim
