#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// One message to one peer.
AlgorithmVolume point_to_point(const CollectiveRequest& request) {
  return {.sent = request.port_bytes, .steps = 1};
}

}  // namespace helixsim
