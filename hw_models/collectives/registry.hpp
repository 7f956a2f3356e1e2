#pragma once

#include <span>
#include <string>
#include <vector>

#include "hw_models/collectives/collective.hpp"

namespace helixsim {

/// Every collective algorithm; of equally fast ones the first in this order is chosen.
std::span<const CollectiveAlgorithm> collective_algorithms();

/// Names of the all-reduce algorithms, "auto" (the fastest) first.
std::vector<std::string> all_reduce_choices();

AlgorithmVolume in_switch_all_reduce(const CollectiveRequest& request);
AlgorithmVolume two_shot_all_reduce(const CollectiveRequest& request);
AlgorithmVolume ring_all_reduce(const CollectiveRequest& request);
AlgorithmVolume direct_all_gather(const CollectiveRequest& request);
AlgorithmVolume direct_reduce_scatter(const CollectiveRequest& request);
AlgorithmVolume pairwise_all_to_all(const CollectiveRequest& request);
AlgorithmVolume point_to_point(const CollectiveRequest& request);

}  // namespace helixsim
