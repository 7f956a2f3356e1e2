#pragma once

#include <span>
#include <vector>

#include "hw_models/fabric.hpp"

namespace helixsim {

/// Shortest routes between GPUs 0..gpus-1 of a fabric, found on the Boost graph of GPUs, switches,
/// NICs and the network between domains: the links that a message passes, in order. Switches and
/// network without a limit are no links. The table has gpus^2 routes; make it once.
class RouteTable {
 public:
  /// Contract: 1 <= gpus <= fabric.total_gpus().
  RouteTable(const Fabric& fabric, int gpus);

  [[nodiscard]] int gpus() const { return gpus_; }
  /// Empty from a GPU to itself.
  [[nodiscard]] std::span<const FabricLinkId> route(int source_gpu, int target_gpu) const;
  /// Up to the switches of its domain and down again, for reduction and multicast in the switches:
  /// the same bytes pass each link.
  [[nodiscard]] std::span<const FabricLinkId> switch_route(int gpu) const;

 private:
  [[nodiscard]] std::span<const FabricLinkId> links_of(std::size_t route) const;

  int gpus_;
  std::vector<FabricLinkId> links_;  ///< of all routes, one after the other
  std::vector<std::size_t> begins_;  ///< of route source * gpus + target, then of switch routes
};

}  // namespace helixsim
