#include "hw_models/collectives/fitted_collectives.hpp"

namespace helixsim {

namespace {

/// Whether the measurements tell how many experts a GPU received for.
bool knows_experts(const FittedLaw<CollectiveLaw>& law) {
  const auto coordinates = CollectiveLaw::coordinates();
  for (std::size_t c = 0; c < law.high.size(); ++c) {
    if (coordinates[c].name == "experts") return law.high[c] > 0.0;
  }
  return false;
}

}  // namespace

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
    if (const auto* law = laws.find<CollectiveLaw>(family)) return {*law, knows_experts(*law)};
  }
  return {};
}

FittedCollectives::Use FittedCollectives::use_for(const CollectiveRequest& request) const {
  if (!has_rows(request)) return {};
  const auto by = [&](const Kernel& kernel, Bytes sent) -> Use {
    if (!kernel.law) return {};
    return {.kernel = &kernel,
            .shape = {.ranks = static_cast<double>(request.group),
                      .wire_bytes = sent.value(),
                      .local_bytes = request.local_bytes.value(),
                      .experts = kernel.knows_experts ? request.local_experts : 0.0},
            .sent = sent};
  };
  const double ranks = request.group;
  switch (request.kind) {
    case CollectiveKind::AllReduce:
      return by(all_reduce_, request.payload * (2.0 * (ranks - 1.0) / ranks));
    case CollectiveKind::AllGather:
      return by(all_gather_, request.port_bytes);
    case CollectiveKind::ReduceScatter:
      return by(reduce_scatter_, request.port_bytes);
    case CollectiveKind::AllToAll:
      return by(request.experts == ExpertEnd::Source ? combine_ : dispatch_, request.port_bytes);
    case CollectiveKind::PointToPoint:
      return {};
  }
  return {};
}

std::optional<FittedCost> FittedCollectives::cost(const CollectiveRequest& request) const {
  const Use use = use_for(request);
  if (use.kernel == nullptr) return std::nullopt;
  Seconds time(use.kernel->law->seconds(use.shape, true));
  if (use.kernel == &dispatch_ && prepare_.law) {
    time += Seconds(prepare_.law->seconds({.ranks = use.shape.ranks}, true));
  }
  return FittedCost{time, use.sent, use.kernel->law->family};
}

Provenance FittedCollectives::provenance(const CollectiveRequest& request) const {
  const Use use = use_for(request);
  return use.kernel != nullptr ? use.kernel->law->provenance(use.shape) : Provenance{};
}

}  // namespace helixsim
