#include <fmt/format.h>

#include "sim/parallel/registry.hpp"
#include "sim/parallel/strategies/kvp_strategy.hpp"

namespace helixsim {
namespace {

/// Decode context parallelism as vLLM and SGLang ship it: the TP group of TPA x KVP GPUs keeps its
/// shards of heads, and the KVP GPUs that hold copies of one KV head shard its cache over the
/// sequence instead. Each attends with the query heads of the whole KVP group, which are gathered
/// or projected by all, over its part of the sequence; the outputs come back by heads.
///
/// Source: vLLM blog "Decode Context Parallelism" (all-gather Q, attention, all-gather LSE,
/// reduce-scatter), its query replication (PR 45964) and all-to-all (PR 34883); SGLang PR 21637.
class Dcp final : public KvpStrategy {
 public:
  [[nodiscard]] std::optional<LayoutFault> fault(const AttentionKind& attention,
                                                 const ModelSpec& model,
                                                 const Layout& layout) const override {
    // vLLM: dcp <= tp / K, so what KVP shards are copies of a KV head that TP would make.
    if (layout.kvp > 1 && layout.tpa % attention.kv_heads() != 0) {
      return LayoutFault{"tpa",
                         fmt::format("{} is no multiple of the model's {} KV heads; the KVP ranks "
                                     "of dcp share the copies of a head",
                                     layout.tpa, attention.kv_heads())};
    }
    return spread_fault(attention, model, layout);
  }

  [[nodiscard]] Widths widths(const Layout& layout, const ScheduleOptions& options) const override {
    Widths widths = spread_widths(layout, options);
    if (options.query == DcpQuery::AllGather) widths.query = layout.attention_gpus();
    return widths;
  }

  void attention_block(const StepInput& step, OperationList& out) const override {
    const AttentionShard shard = attention_shard(step, widths(step.layout, step.options));
    step.attention.before(shard, step.precision, out);
    if (step.options.query == DcpQuery::AllGather) add_query_all_gather(step, shard, out);
    out.push_back(step.attention.flash_decode(shard, step.precision));
    add_values(true, step, shard, out);
    if (step.options.exchange == DcpExchange::AllToAll) {
      add_kvp_all_to_all(step, out);
    } else {
      add_gather_and_scatter(step, out);
    }
    add_values(false, step, shard, out);
    add_output(step, shard, out);
  }

 private:
  /// The queries that this GPU has projected, to the other KVP ranks.
  static void add_query_all_gather(const StepInput& step, const AttentionShard& shard,
                                   OperationList& out) {
    const Bytes own(shard.requests * shard.projected_heads * step.attention.query_size() *
                    bytes_per_element(step.precision.activations));
    add_exchange("query_all_gather", CollectiveKind::AllGather, StartUp::Exchange,
                 step.layout.kvp_group(), own, own * (step.layout.kvp - 1.0), out);
  }

  /// Each rank learns every LSE, rescales its partial outputs by them, and gets the sum of its own
  /// heads.
  static void add_gather_and_scatter(const StepInput& step, OperationList& out) {
    const int kvp = step.layout.kvp;
    if (kvp == 1) return;
    const Bytes lse = lse_bytes(step);
    add_exchange("lse_all_gather", CollectiveKind::AllGather, StartUp::Exchange,
                 step.layout.kvp_group(), lse, lse * (kvp - 1.0), out);
    out.push_back(elementwise("rescale", TimeCategory::Attention));
    const Bytes outputs = partial_output_bytes(step) - lse;
    add_exchange("output_reduce_scatter", CollectiveKind::ReduceScatter, StartUp::Exchange,
                 step.layout.kvp_group(), outputs, outputs * ((kvp - 1.0) / kvp), out);
  }
};

}  // namespace

const Strategy& dcp_strategy() {
  static const Dcp kStrategy;
  return kStrategy;
}

}  // namespace helixsim
