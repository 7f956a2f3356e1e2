#pragma once

#include <memory>
#include <string>

#include "sim/config/node.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

/// A switched fabric: `gpus` GPUs, each with `links_per_switch` links to every one of `switches`
/// switches.
struct FabricSpec {
  int gpus = 1;
  int switches = 1;
  int links_per_switch = 1;
  BytesPerSecond link_bandwidth;     ///< one link, one direction
  bool in_switch_reduction = false;  ///< switches can reduce and multicast
};

/// What a group of GPUs sees of the fabric, found on the graph of GPUs, switches and links.
struct GroupPorts {
  BytesPerSecond egress;  ///< of the weakest member, towards the other members, one direction
  int hops = 0;           ///< links on the longest shortest route between two members
};

/// The graph of GPUs, switches and links, and what groups of GPUs see of it. Ranks are placed on
/// GPUs 0..g-1.
class Fabric {
 public:
  explicit Fabric(const FabricSpec& spec);

  [[nodiscard]] const FabricSpec& spec() const { return spec_; }
  /// The group of the first `group` GPUs; a group of one has no hops. Contract: 1 <= group <=
  /// spec().gpus.
  [[nodiscard]] const GroupPorts& ports(int group) const;

 private:
  FabricSpec spec_;
  GroupPorts lone_;    ///< of a group of one
  GroupPorts shared_;  ///< of every larger group
};

FabricSpec read_fabric(const Node& node);

}  // namespace helixsim
