#pragma once

#include <algorithm>

#include "hw_models/collectives/collective.hpp"

namespace helixsim {

/// Ports of the worst placed hop. A rank sends to the next stage, which it joins with the one
/// before, so that such pairs do not tile the ranks as other groups do.
GroupPorts hop_ports(const Fabric& fabric, const CollectiveRequest& request);

/// Ports of the worst placed of the groups that the request stands for.
inline GroupPorts ports_of(const Fabric& fabric, const CollectiveRequest& request) {
  return request.kind == CollectiveKind::PointToPoint ? hop_ports(fabric, request)
                                                      : fabric.ports(request.members());
}

/// Time of the bytes over the ports, beta of the alpha-beta model: sent / egress within a domain.
/// Across domains NVLink and NIC carry their parts side by side, or one after the other where the
/// algorithm takes turns. Rates are those of the ports times `link_efficiency`.
inline Seconds beta_time(const AlgorithmVolume& volume, const GroupPorts& ports,
                         double link_efficiency) {
  const BytesPerSecond egress = ports.egress * link_efficiency;
  if (!ports.shape.spans_domains()) return volume.sent / egress;
  const Seconds inside = volume.nvlink / egress;
  const Seconds across = volume.nic / (ports.nic * link_efficiency);
  return volume.takes_turns ? inside + across : std::max(inside, across);
}

}  // namespace helixsim
