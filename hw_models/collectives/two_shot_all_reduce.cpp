#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Direct reduce-scatter, then direct all-gather, over all peers at once.
/// Volume: 2 (g-1)/g payload; two rounds.
AlgorithmVolume two_shot_all_reduce(const CollectiveRequest& request, const GroupShape& shape) {
  const double g = request.group;
  return all_pairs_volume(request.payload * (2.0 * (g - 1.0) / g), 2, shape);
}

}  // namespace helixsim
