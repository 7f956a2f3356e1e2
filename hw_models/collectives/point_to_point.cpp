#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// One message to one peer.
AlgorithmVolume point_to_point(const CollectiveRequest& request, const GroupShape& shape) {
  return all_pairs_volume(request.port_bytes, 1, shape);
}

}  // namespace helixsim
