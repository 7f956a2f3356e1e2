#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Every GPU sends its whole buffer to every peer, and each adds what it gets.
/// Volume: (g-1) payload; one round. The fastest for small buffers where switches do not reduce.
AlgorithmVolume one_shot_all_reduce(const CollectiveRequest& request, const GroupShape& shape) {
  return all_pairs_volume(request.payload * (request.group - 1.0), 1, shape);
}

void one_shot_all_reduce_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                                   TransferList& out) {
  add_all_pairs(0, group.size, request.payload, out);
}

}  // namespace helixsim
