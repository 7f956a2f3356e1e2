#pragma once

#include <optional>

#include "sim/llm/attention/attention_kind.hpp"
#include "sim/llm/model_spec.hpp"
#include "sim/llm/operation.hpp"
#include "sim/llm/precision_plan.hpp"
#include "sim/llm/routing.hpp"
#include "sim/parallel/layout.hpp"
#include "sim/parallel/schedule_options.hpp"

namespace helixsim {

/// One decode step of one pipeline stage, as a strategy sees it.
struct StepInput {
  const ModelSpec& model;
  const AttentionKind& attention;
  const PrecisionPlan& precision;
  Layout layout;
  int batch = 1;         ///< requests of the stage's micro-batch, divisible by dp
  double context = 1;    ///< cached tokens a request
  ActiveExperts active;  ///< routing of `batch` tokens over layout.ep ranks; unused without experts
  bool largest_rank = true;   ///< cost the critical expert rank rather than the mean one
  ScheduleOptions options{};  ///< those that the strategy takes (options_for)

  /// b: requests that one attention group holds.
  [[nodiscard]] int group_batch() const { return batch / layout.dp; }
  /// Bytes of the hidden states of `tokens` tokens.
  [[nodiscard]] Bytes hidden_bytes(double tokens) const {
    return Bytes(tokens * model.hidden * bytes_per_element(precision.activations));
  }
};

/// Over how many GPUs a strategy spreads each part of the model.
struct Widths {
  int query = 1;       ///< GPUs over which W_Q is sharded
  int values = 1;      ///< GPUs over which W_UV is sharded (MLA)
  int output = 1;      ///< GPUs over which W_O is sharded
  int dense_ffn = 1;   ///< GPUs over which a dense FFN is sharded
  int shared = 1;      ///< GPUs over which the shared expert is sharded
  int vocabulary = 1;  ///< GPUs over which embedding and lm_head are stored
};

/// Turns a decode step into the operations of one GPU. Stateless; contract for implementers: pure
/// functions, the same operations for every GPU (the critical rank where ranks differ), and names
/// as in docs/glossary.md. The attention block has one attention kernel, flash-decode of
/// attention_shard(step, widths), and the context reaches that operation alone; names and order
/// depend on model and layout only; no number of an operation falls when batch or context grow.
/// Searches rely on that; tests/parallel/strategy_conformance_test.cpp checks it for every row of
/// the table.
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Why this strategy cannot run the layout; common_fault() has been checked before.
  [[nodiscard]] virtual std::optional<LayoutFault> fault(const AttentionKind& attention,
                                                         const ModelSpec& model,
                                                         const Layout& layout) const = 0;
  [[nodiscard]] virtual Widths widths(const Layout& layout,
                                      const ScheduleOptions& options) const = 0;
  /// Operations of the attention block, exchange and output projection included, in program order.
  virtual void attention_block(const StepInput& step, OperationList& out) const = 0;
  virtual void dense_block(const StepInput& step, OperationList& out) const = 0;
  virtual void moe_block(const StepInput& step, OperationList& out) const = 0;
  /// Operations before the first layer and after the last one.
  virtual void begin(const StepInput& step, OperationList& out) const = 0;
  virtual void end(const StepInput& step, OperationList& out) const = 0;
};

/// The attention shard of one GPU under a strategy's widths.
AttentionShard attention_shard(const StepInput& step, const Widths& widths);

}  // namespace helixsim
