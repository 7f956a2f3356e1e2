#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Direct reduce-scatter, then direct all-gather, over all peers at once.
/// Volume: 2 (g-1)/g payload; two rounds.
AlgorithmVolume two_shot_all_reduce(const CollectiveRequest& request, const GroupShape& shape) {
  const double g = request.group;
  return all_pairs_volume(request.payload * (2.0 * (g - 1.0) / g), 2, shape);
}

void two_shot_all_reduce_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                                   TransferList& out) {
  const Bytes part = request.payload / group.size;
  add_all_pairs(0, group.size, part, out);
  add_all_pairs(1, group.size, part, out);
}

}  // namespace helixsim
