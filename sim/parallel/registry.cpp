#include "sim/parallel/registry.hpp"

namespace helixsim {

std::span<const StrategyEntry> strategies() {
  static constexpr StrategyEntry kTable[] = {
      {.name = "tp",
       .summary = "heads and FFN split over the same GPUs; KV duplicated beyond the KV heads",
       .get = tp_strategy,
       .uses_kvp = false,
       .uses_dp = false,
       .needs_dp = false,
       .hides_exchange = false,
       .overlaps_all_reduce = true,
       .takes = {.moe_exchange = true}},
      {.name = "dp",
       .summary = "attention groups with their own requests, FFN (TPF x EP) over all GPUs",
       .get = dp_strategy,
       .uses_kvp = false,
       .uses_dp = true,
       .needs_dp = true,
       .hides_exchange = false,
       .overlaps_all_reduce = true,
       .takes = {}},
      {.name = "medha",
       .summary =
           "vanilla KVP: KV sharded over the sequence, FFN only TPA wide, nothing overlapped",
       .get = medha_strategy,
       .uses_kvp = true,
       .uses_dp = false,
       .needs_dp = false,
       .hides_exchange = false,
       .overlaps_all_reduce = false,
       .takes = {}},
      {.name = "helix",
       .summary = "KVP x TPA for attention, then the same GPUs as TPF x EP for the FFN",
       .get = helix_strategy,
       .uses_kvp = true,
       .uses_dp = true,
       .needs_dp = false,
       .hides_exchange = true,
       .overlaps_all_reduce = true,
       .takes = {.merge_before_w_uv = true, .moe_exchange = true}},
      {.name = "dcp",
       .summary =
           "KVP inside the TP group as vLLM and SGLang ship it, FFN (TPF x EP) over all GPUs",
       .get = dcp_strategy,
       .uses_kvp = true,
       .uses_dp = true,
       .needs_dp = false,
       .hides_exchange = true,
       .overlaps_all_reduce = true,
       .takes = {.merge_before_w_uv = true, .exchange = true, .query = true, .moe_exchange = true}},
  };
  return kTable;
}

ScheduleOptions options_for(const StrategyEntry& strategy, ScheduleOptions options) {
  const ScheduleOptions defaults;
  const TakenOptions& takes = strategy.takes;
  if (!takes.merge_before_w_uv) options.merge_before_w_uv = defaults.merge_before_w_uv;
  if (!takes.exchange) options.exchange = defaults.exchange;
  if (!takes.query) options.query = defaults.query;
  if (!takes.moe_exchange) options.moe_exchange = defaults.moe_exchange;
  return options;
}

}  // namespace helixsim
