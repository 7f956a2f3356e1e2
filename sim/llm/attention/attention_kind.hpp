#pragma once

#include "sim/llm/model_spec.hpp"
#include "sim/llm/operation.hpp"
#include "sim/llm/precision_plan.hpp"

namespace helixsim {

/// What one GPU holds of one layer's attention. Counts may be fractions (an even share of tokens).
struct AttentionShard {
  double requests = 1;         ///< b, decoded together
  double kv_tokens = 1;        ///< of each request, S / KVP
  double query_heads = 1;      ///< Q / TPA
  double kv_heads = 1;         ///< ceil(K / TPA); 1 for MLA
  double projected_heads = 1;  ///< whose queries this GPU projects: all of query_heads, or its
                               ///< share where queries are gathered
  double value_heads = 1;      ///< whose latent output this GPU turns into values (MLA): as
                               ///< output_heads, or query_heads where that precedes the exchange
  double output_heads =
      1;  ///< heads whose output this GPU projects: Q / (TPA * KVP) after Helix's exchange
};

/// One attention kind: the operations of its block and what they store. Stateless; all functions
/// are pure.
class AttentionKind {
 public:
  virtual ~AttentionKind() = default;

  [[nodiscard]] virtual int query_heads() const = 0;
  /// K: the largest TPA that does not duplicate KV (1 for MLA, whose latent is shared by all
  /// heads).
  [[nodiscard]] virtual int kv_heads() const = 0;
  /// KV elements a token and layer with `heads` KV heads on the GPU.
  [[nodiscard]] virtual double kv_elements_per_token(double heads) const = 0;
  /// Length of the partial output of a head that attention gives (MLA: the latent).
  [[nodiscard]] virtual int exchanged_size() const = 0;
  /// Length of a head's output once project_values has run (MLA: of a value head).
  [[nodiscard]] virtual int value_size() const = 0;
  /// Elements of a query head as attention reads it (MLA: against the latent and rotary key).
  [[nodiscard]] virtual int query_size() const = 0;
  [[nodiscard]] virtual double weight_elements(const AttentionShard& shard) const = 0;

  /// Projections up to the attention kernel, in order.
  virtual void before(const AttentionShard& shard, const PrecisionPlan& precision,
                      OperationList& out) const = 0;
  /// Flash-decode over the local KV: partial output and LSE.
  [[nodiscard]] virtual Operation flash_decode(const AttentionShard& shard,
                                               const PrecisionPlan& precision) const = 0;
  /// From what attention gives to value heads, where these differ (MLA: W_UV).
  virtual void project_values(const AttentionShard& shard, const PrecisionPlan& precision,
                              OperationList& out) const = 0;
  /// The output projection.
  virtual void after(const AttentionShard& shard, const PrecisionPlan& precision,
                     OperationList& out) const = 0;
};

}  // namespace helixsim
