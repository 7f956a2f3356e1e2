#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// One message to one peer.
AlgorithmVolume point_to_point(const CollectiveRequest& request, const GroupShape& shape) {
  return all_pairs_volume(request.port_bytes, 1, shape);
}

void point_to_point_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                              TransferList& out) {
  if (group.size < 2) return;
  out.push_back({.step = 0, .source = 0, .target = 1, .bytes = request.port_bytes});
}

}  // namespace helixsim
