#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Every GPU sends its part to every peer at once; a port carries what the request says it must.
AlgorithmVolume direct_all_gather(const CollectiveRequest& request) {
  return {.sent = request.port_bytes, .steps = 1};
}

}  // namespace helixsim
