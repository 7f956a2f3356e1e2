#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Ring reduce-scatter, then ring all-gather, a g-th of the buffer a round.
/// Volume: 2 (g-1)/g payload; 2 (g-1) rounds.
AlgorithmVolume ring_all_reduce(const CollectiveRequest& request) {
  const double g = request.group;
  return {.sent = request.payload * (2.0 * (g - 1.0) / g), .steps = 2 * (request.group - 1)};
}

}  // namespace helixsim
