#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Every GPU sends each peer that peer's part at once; a port carries what the request says it
/// must.
AlgorithmVolume direct_reduce_scatter(const CollectiveRequest& request, const GroupShape& shape) {
  return all_pairs_volume(request.port_bytes, 1, shape);
}

void direct_reduce_scatter_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                                     TransferList& out) {
  add_all_pairs(0, group.size, request.port_bytes / (group.size - 1), out);
}

}  // namespace helixsim
