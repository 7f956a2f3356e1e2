#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Every GPU sends its part to every peer at once; a port carries what the request says it must.
AlgorithmVolume direct_all_gather(const CollectiveRequest& request, const GroupShape& shape) {
  return all_pairs_volume(request.port_bytes, 1, shape);
}

void direct_all_gather_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                                 TransferList& out) {
  add_all_pairs(0, group.size, request.port_bytes / (group.size - 1), out);
}

}  // namespace helixsim
