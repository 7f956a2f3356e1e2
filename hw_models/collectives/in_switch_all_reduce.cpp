#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// The switch adds what the GPUs send and multicasts the sum: each port carries the buffer once
/// each way. Volume: payload; one round.
AlgorithmVolume in_switch_all_reduce(const CollectiveRequest& request) {
  return {.sent = request.payload, .steps = 1};
}

}  // namespace helixsim
