#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// With m members in each of d domains: reduce-scatter within the domain, two-shot all-reduce of
/// the m-th between the members at the same place of each domain, all-gather within the domain.
/// Volume: 2 (m-1)/m payload over NVLink, 2 (d-1)/d payload/m over the NIC; four rounds.
AlgorithmVolume hierarchical_all_reduce(const CollectiveRequest& request, const GroupShape& shape) {
  const double m = shape.most;
  const double d = shape.domains;
  const Bytes nvlink = request.payload * (2.0 * (m - 1.0) / m);
  const Bytes nic = request.payload * (2.0 * (d - 1.0) / (d * m));
  return {.sent = nvlink + nic,
          .steps = 4,
          .nvlink = nvlink,
          .nic = nic,
          .nic_steps = 2,
          .takes_turns = true};
}

}  // namespace helixsim
