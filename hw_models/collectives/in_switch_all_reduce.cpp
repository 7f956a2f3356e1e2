#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// The switch adds what the GPUs send and multicasts the sum: each port carries the buffer once
/// each way. Volume: payload; one round. Switches of one domain do it, so the group lies in one.
AlgorithmVolume in_switch_all_reduce(const CollectiveRequest& request, const GroupShape&) {
  return {.sent = request.payload, .steps = 1};
}

}  // namespace helixsim
