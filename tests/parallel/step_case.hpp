#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/llm/attention/attention_kind.hpp"
#include "sim/parallel/registry.hpp"
#include "tests/support/random.hpp"

namespace helixsim {

/// The models that conformance tests run: dense and MoE, GQA and MLA, large and small.
const std::vector<ModelSpec>& test_models();

/// A decode step with everything that it refers to.
struct StepCase {
  StepCase(const StrategyEntry& strategy, const ModelSpec& model, const Layout& layout, int batch,
           double context);

  const StrategyEntry* entry;
  ModelSpec model;
  std::shared_ptr<const AttentionKind> attention;
  PrecisionPlan precision;
  ScheduleOptions options;  ///< as asked; the strategy sees those it takes
  Layout layout;
  int batch;
  double context;

  [[nodiscard]] const Strategy& strategy() const { return entry->get(); }
  [[nodiscard]] StepInput step() const;
  [[nodiscard]] OperationList attention_block() const;
  /// Attention, dense, mixture of experts, begin and end; empty where the model has none.
  [[nodiscard]] std::vector<OperationList> blocks() const;
};

/// A random step of a random model under `strategy`, with default options.
StepCase default_step(const StrategyEntry& strategy, Random& random);
/// The same with any options.
StepCase random_step(const StrategyEntry& strategy, Random& random);

}  // namespace helixsim
