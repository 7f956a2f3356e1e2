#include "hw_models/collectives/fitted_collectives.hpp"

namespace helixsim {

FittedCollectives::FittedCollectives(const FittedLaws& laws)
    : all_reduce_(first_of(laws, {"all_reduce/trtllm_graph", "nccl/all_reduce"})),
      all_gather_(first_of(laws, {"nccl/all_gather"})),
      reduce_scatter_(first_of(laws, {"nccl/reduce_scatter"})),
      prepare_(first_of(laws, {"all_to_all/prepare/NVLinkTwoSided/bfloat16"})),
      dispatch_(first_of(laws, {"all_to_all/dispatch/NVLinkTwoSided/bfloat16",
                                "deepep/dispatch/0.5.12", "nccl/alltoall"})),
      combine_(first_of(laws, {"all_to_all/combine/NVLinkTwoSided/bfloat16",
                               "deepep/combine/0.5.12", "nccl/alltoall"})) {}

FittedCollectives::Kernel FittedCollectives::first_of(
    const FittedLaws& laws, std::initializer_list<std::string_view> families) {
  for (const std::string_view family : families) {
    if (const auto* law = laws.find<CollectiveLaw>(family)) return {*law, family};
  }
  return {};
}

std::optional<FittedCost> FittedCollectives::cost(const CollectiveRequest& request) const {
  if (!has_rows(request)) return std::nullopt;
  const double ranks = request.group;
  const auto by = [&](const Kernel& kernel, Bytes sent) -> std::optional<FittedCost> {
    if (!kernel.law) return std::nullopt;
    const CollectiveShape shape{.ranks = ranks,
                                .wire_bytes = sent.value(),
                                .local_bytes = request.local_bytes.value(),
                                .experts = request.local_experts};
    return FittedCost{Seconds(kernel.law->seconds(shape, true)), sent, kernel.name};
  };
  switch (request.kind) {
    case CollectiveKind::AllReduce:
      return by(all_reduce_, request.payload * (2.0 * (ranks - 1.0) / ranks));
    case CollectiveKind::AllGather:
      return by(all_gather_, request.port_bytes);
    case CollectiveKind::ReduceScatter:
      return by(reduce_scatter_, request.port_bytes);
    case CollectiveKind::AllToAll: {
      const bool combines = request.experts == ExpertEnd::Source;
      auto cost = by(combines ? combine_ : dispatch_, request.port_bytes);
      if (cost && !combines && prepare_.law) {
        cost->time += Seconds(prepare_.law->seconds({.ranks = ranks}, true));
      }
      return cost;
    }
    case CollectiveKind::PointToPoint:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace helixsim
