#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Every GPU sends each peer that peer's part at once; a port carries what the request says it
/// must.
AlgorithmVolume direct_reduce_scatter(const CollectiveRequest& request) {
  return {.sent = request.port_bytes, .steps = 1};
}

}  // namespace helixsim
