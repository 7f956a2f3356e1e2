#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw_models/collectives/collective.hpp"

namespace helixsim {

/// Every collective algorithm; of equally fast ones the first in this order is chosen.
std::span<const CollectiveAlgorithm> collective_algorithms();
/// One of them. Contract: it exists.
const CollectiveAlgorithm& collective_algorithm(CollectiveKind kind, std::string_view name);

/// Names of the all-reduce algorithms, "auto" (the fastest) first.
std::vector<std::string> all_reduce_choices();

// Volume and transfers of each row, explained where they are defined.

AlgorithmVolume in_switch_all_reduce(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume two_shot_all_reduce(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume ring_all_reduce(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume one_shot_all_reduce(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume hierarchical_all_reduce(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume direct_all_gather(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume direct_reduce_scatter(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume pairwise_all_to_all(const CollectiveRequest&, const GroupShape&);
AlgorithmVolume point_to_point(const CollectiveRequest&, const GroupShape&);

void in_switch_all_reduce_transfers(const CollectiveRequest&, const GroupPlacement&,
                                    TransferList& out);
void two_shot_all_reduce_transfers(const CollectiveRequest&, const GroupPlacement&,
                                   TransferList& out);
void ring_all_reduce_transfers(const CollectiveRequest&, const GroupPlacement&, TransferList& out);
void one_shot_all_reduce_transfers(const CollectiveRequest&, const GroupPlacement&,
                                   TransferList& out);
void hierarchical_all_reduce_transfers(const CollectiveRequest&, const GroupPlacement&,
                                       TransferList& out);
void direct_all_gather_transfers(const CollectiveRequest&, const GroupPlacement&,
                                 TransferList& out);
void direct_reduce_scatter_transfers(const CollectiveRequest&, const GroupPlacement&,
                                     TransferList& out);
void pairwise_all_to_all_transfers(const CollectiveRequest&, const GroupPlacement&,
                                   TransferList& out);
void point_to_point_transfers(const CollectiveRequest&, const GroupPlacement&, TransferList& out);

}  // namespace helixsim
