#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Every pair exchanges its part at once through the switches; a port carries what the request says
/// it must.
AlgorithmVolume pairwise_all_to_all(const CollectiveRequest& request, const GroupShape& shape) {
  return all_pairs_volume(request.port_bytes, 1, shape);
}

}  // namespace helixsim
