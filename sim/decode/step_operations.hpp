#pragma once

#include <array>
#include <optional>
#include <vector>

#include "sim/decode/block.hpp"
#include "sim/decode/setup.hpp"
#include "sim/llm/routing.hpp"
#include "sim/parallel/best_chunks.hpp"
#include "sim/parallel/hop_b.hpp"
#include "sim/parallel/layout.hpp"
#include "sim/parallel/registry.hpp"

namespace helixsim {

/// What a GPU of a layout holds of attention for one request of each attention group and one cached
/// token.
AttentionShard shard_of_one_token(const Setup& setup, const StrategyEntry& strategy,
                                  const Layout& layout);

/// The operations of one step, block by block, as the strategy writes them and the accounting
/// counts them. The object keeps the lists of the last step, so that a search which varies the
/// context or the HOP-B mode first does not write the rest again, and a table of routing
/// expectations.
class StepOperations {
 public:
  explicit StepOperations(const Setup& setup);

  enum class Change { None, AttentionKernel, All };
  /// Writes what differs from the last step and says what that was: a new context changes the
  /// attention kernel alone (contract of Strategy).
  Change build(const StrategyEntry& strategy, const Layout& layout, int batch, double context);

  [[nodiscard]] const OperationList& operator[](Block block) const {
    return lists_[static_cast<std::size_t>(block)];
  }
  /// Index of the attention kernel in its block.
  [[nodiscard]] std::size_t attention_kernel() const { return attention_kernel_; }
  [[nodiscard]] int requests() const { return batch_ / layout_.dp; }
  /// What a HOP-B mode runs as: off where the strategy has no exchange to hide or one chunk is
  /// best, a count of chunks for best.
  HopB as_run(const HopB& asked);

 private:
  ActiveExperts routing(int tokens, int ep);
  void build_all(const Strategy& strategy, const StepInput& step);
  OperationList& list(Block block) { return lists_[static_cast<std::size_t>(block)]; }

  const Setup* setup_;
  RoutingModel routing_;
  const StrategyEntry* strategy_ = nullptr;
  ScheduleOptions options_;  // that the strategy takes
  Layout layout_;
  int batch_ = 0;
  double context_ = 0.0;
  std::array<OperationList, kBlocks> lists_;
  std::size_t attention_kernel_ = 0;
  AttentionShard shard_;  // of the attention kernel
  bool has_exchange_ = false;
  ChunkChoices chunk_choices_;
  std::optional<HopB> best_;                               // of the lists at hand
  std::vector<std::vector<ActiveExperts>> routing_table_;  // by ep, then tokens
};

}  // namespace helixsim
