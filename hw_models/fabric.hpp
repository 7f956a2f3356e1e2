#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hw_models/group.hpp"
#include "sim/config/node.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

/// A switched fabric: `domains` NVL domains of `gpus` GPUs. In a domain every GPU has
/// `links_per_switch` links to every one of `switches` switches; between domains it sends through
/// its own NIC. Capacities are for one direction; one left empty never limits.
struct FabricSpec {
  int gpus = 1;  ///< of one domain
  int switches = 1;
  int links_per_switch = 1;
  BytesPerSecond link_bandwidth;     ///< one link
  bool in_switch_reduction = false;  ///< switches can reduce and multicast
  int domains = 1;
  BytesPerSecond nic_bandwidth{};  ///< of a GPU; positive when there are several domains
  Seconds nic_latency{};           ///< of a message from one domain to another
  std::optional<BytesPerSecond> switch_capacity =
      std::nullopt;  ///< of a domain's switches together
  std::optional<BytesPerSecond> scale_out_capacity =
      std::nullopt;  ///< between all domains together

  [[nodiscard]] int total_gpus() const { return gpus * domains; }
};

/// A resource that bytes share: a port of a GPU, the switches of a domain, the network between
/// domains.
struct LinkSpec {
  std::string name;  ///< "gpu3 egress"
  BytesPerSecond capacity;
};
using FabricLinkId = int;

/// What a group sees of the fabric when every GPU of the layout sends: a member's share, one
/// direction.
struct GroupPorts {
  BytesPerSecond egress;  ///< to members of its domain
  BytesPerSecond nic;     ///< to those of other domains; 0 for a group within one
  GroupShape shape;

  bool operator==(const GroupPorts&) const = default;
};

/// The links of GPUs, switches and NICs, and what groups of GPUs see of them. Ranks are placed on
/// GPUs 0..N-1 in order, domain after domain.
class Fabric {
 public:
  explicit Fabric(const FabricSpec& spec);

  [[nodiscard]] const FabricSpec& spec() const { return spec_; }
  [[nodiscard]] int total_gpus() const { return spec_.total_gpus(); }
  [[nodiscard]] int domain_of(int gpu) const { return gpu / spec_.gpus; }
  /// What a message waits beside its bytes.
  [[nodiscard]] Seconds latency(int source_gpu, int target_gpu) const {
    return domain_of(source_gpu) == domain_of(target_gpu) ? Seconds() : spec_.nic_latency;
  }

  /// Every link that can limit, by id.
  [[nodiscard]] std::span<const LinkSpec> links() const { return links_; }
  [[nodiscard]] FabricLinkId egress_link(int gpu) const { return 2 * gpu; }
  [[nodiscard]] FabricLinkId ingress_link(int gpu) const { return 2 * gpu + 1; }
  /// Contract: there are several domains.
  [[nodiscard]] FabricLinkId nic_egress_link(int gpu) const { return first_nic_ + 2 * gpu; }
  [[nodiscard]] FabricLinkId nic_ingress_link(int gpu) const { return first_nic_ + 2 * gpu + 1; }
  /// Empty where the spec has no such limit.
  [[nodiscard]] std::optional<FabricLinkId> switch_link(int domain) const;
  [[nodiscard]] std::optional<FabricLinkId> scale_out_link() const;

  /// The group whose first member is rank `first`.
  [[nodiscard]] GroupPlacement place(int first, const Group& group) const {
    return {.first = first, .size = group.size, .stride = group.stride, .domain_gpus = spec_.gpus};
  }
  /// Ports of the worst placed of the groups: the one with the fewest members in one of its
  /// domains, whose NICs send the most. Contract: the groups tile their ranks and fit the fabric.
  [[nodiscard]] GroupPorts ports(const Group& group) const {
    // Costing asks this most often: a group within the first domain, and nothing to share.
    if (group.size > 1 && group.extent() <= spec_.gpus && !spec_.switch_capacity) {
      return {.egress = egress_, .nic = {}, .shape = one_domain(group.size)};
    }
    return worst_ports(group);
  }
  /// Ports of one group while `ranks` GPUs send.
  [[nodiscard]] GroupPorts ports(const GroupPlacement& group, int ranks) const;

 private:
  [[nodiscard]] GroupPorts worst_ports(const Group& group) const;
  [[nodiscard]] GroupPlacement worst_placed(const Group& group) const;
  [[nodiscard]] GroupPorts ports_of(const GroupShape& shape, int ranks) const;

  FabricSpec spec_;
  BytesPerSecond egress_;  ///< all NVLink links of a GPU
  std::vector<LinkSpec> links_;
  FabricLinkId first_switch_ = 0;
  FabricLinkId first_nic_ = 0;
};

/// Reads the `fabric` object of a system file, every value as `{"value": .., "source": ..}`.
/// Optional: domains (1), nic_bandwidth (required above one domain), nic_latency (0),
/// switch_capacity and scale_out_capacity (null, the default: never limits). Errors: ConfigError.
FabricSpec read_fabric(const Node& node);

}  // namespace helixsim
