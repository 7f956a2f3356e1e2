#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/llm/routing.hpp"
#include "sim/parallel/layout.hpp"

namespace helixsim {

/// How dcp brings the outputs of KVP ranks together.
enum class DcpExchange {
  AllGatherReduceScatter,  ///< all-gather of LSE, then reduce-scatter of rescaled outputs
  AllToAll,                ///< one all-to-all of outputs and LSE, then combine, as Helix
};

/// Where the KVP ranks of dcp get their query heads from.
enum class DcpQuery {
  Replicate,  ///< each projects all heads of its KVP group, as Helix
  AllGather,  ///< each projects its share; queries are gathered before attention
};

/// How the tokens of a mixture of experts come together behind the experts.
enum class MoeExchange {
  AllReduce,        ///< one all-reduce over TPF x EP
  AllGather,        ///< all-reduce over TPF, all-gather over EP, local sum (Helix, section 2.3)
  DispatchCombine,  ///< all-to-all to the experts and back
};

/// Where the shared expert runs.
enum class SharedExpert {
  Serial,        ///< behind the routed experts
  SecondStream,  ///< beside them: the longer of the two counts
};

/// What a study chooses about the schedule of a step. Defaults are those of docs/modelling.md.
struct ScheduleOptions {
  /// An all-reduce directly behind a kernel starts with it, since the kernel produces its input
  /// (tile by tile), and ends no earlier than it: the most that overlap can hide.
  bool overlap_all_reduce = false;
  /// MLA: KVP ranks exchange latents and W_UV follows; else W_UV comes first, repeated on each KVP
  /// rank, and values are exchanged.
  bool merge_before_w_uv = true;
  DcpExchange exchange = DcpExchange::AllGatherReduceScatter;
  DcpQuery query = DcpQuery::AllGather;
  MoeExchange moe_exchange = MoeExchange::AllReduce;
  SharedExpert shared_expert = SharedExpert::Serial;
  Routing routing{};
  int minimum_shard_columns = 0;  ///< narrower shards of an FFN are padded to them
  Seconds host{};                 ///< added at the end of each step
};

/// Which of the options that not every strategy has a strategy takes.
struct TakenOptions {
  bool merge_before_w_uv = false;
  bool exchange = false;
  bool query = false;
  bool moe_exchange = false;
};

/// Names of the alternatives of an option, in order of its enumeration.
std::span<const std::string> dcp_exchange_names();
std::span<const std::string> dcp_query_names();
std::span<const std::string> moe_exchange_names();
std::span<const std::string> shared_expert_names();

/// The exchange that a layout runs: attention groups dispatch their tokens, and a single expert
/// rank has only the all-reduce.
inline MoeExchange moe_exchange_of(const ScheduleOptions& options, const Layout& layout) {
  if (layout.dp > 1) return MoeExchange::DispatchCombine;
  return layout.ep == 1 ? MoeExchange::AllReduce : options.moe_exchange;
}

}  // namespace helixsim
