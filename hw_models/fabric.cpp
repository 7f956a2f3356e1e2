#include "hw_models/fabric.hpp"

#include <algorithm>

#include "hw_models/gpu.hpp"
#include "sim/engine/contract.hpp"
#include "sim/units/literals.hpp"

namespace helixsim {
using namespace literals;
namespace {

/// An even share of what `sharers` GPUs send through; the port alone where nothing else limits.
BytesPerSecond share(BytesPerSecond port, const std::optional<BytesPerSecond>& capacity,
                     int sharers) {
  return capacity ? std::min(port, *capacity / sharers) : port;
}

std::optional<BytesPerSecond> read_limit(const Node& fabric, std::string_view key,
                                         Range<BytesPerSecond> range) {
  if (!fabric.has(key)) return std::nullopt;
  const Node limit = sourced(fabric, key);
  if (limit.at("value").is_null()) return std::nullopt;
  return limit.rate("value", range);
}

}  // namespace

Fabric::Fabric(const FabricSpec& spec)
    : spec_(spec), egress_(spec.link_bandwidth * spec.links_per_switch * spec.switches) {
  const auto add = [&](std::string name, BytesPerSecond capacity) {
    links_.push_back({std::move(name), capacity});
  };
  const auto add_ports = [&](const std::string& kind, BytesPerSecond capacity) {
    for (int gpu = 0; gpu < total_gpus(); ++gpu) {
      add("gpu" + std::to_string(gpu) + kind + " egress", capacity);
      add("gpu" + std::to_string(gpu) + kind + " ingress", capacity);
    }
    return static_cast<FabricLinkId>(links_.size());
  };
  first_switch_ = first_nic_ = add_ports("", egress_);
  if (spec.switch_capacity) {
    for (int domain = 0; domain < spec.domains; ++domain) {
      add("domain" + std::to_string(domain) + " switches", *spec.switch_capacity);
    }
    first_nic_ += spec.domains;
  }
  if (spec.domains > 1) {
    ensure(spec.nic_bandwidth > BytesPerSecond(), "several domains need NICs");
    add_ports(" nic", spec.nic_bandwidth);
    if (spec.scale_out_capacity) add("scale-out", *spec.scale_out_capacity);
  }
}

std::optional<FabricLinkId> Fabric::switch_link(int domain) const {
  if (!spec_.switch_capacity) return std::nullopt;
  return first_switch_ + domain;
}

std::optional<FabricLinkId> Fabric::scale_out_link() const {
  if (spec_.domains < 2 || !spec_.scale_out_capacity) return std::nullopt;
  return static_cast<FabricLinkId>(links_.size()) - 1;
}

GroupPlacement Fabric::worst_placed(const Group& group) const {
  GroupPlacement worst = place(0, group);
  if (group.ranks == 0 || spec_.gpus % group.block() == 0) return worst;
  ensure(group.ranks % group.block() == 0, "groups must tile their ranks");
  for (int block = 0; block < group.ranks; block += group.block()) {
    for (int first = block; first < block + group.stride; ++first) {
      const GroupPlacement other = place(first, group);
      if (other.shape().fewest < worst.shape().fewest) worst = other;
    }
  }
  return worst;
}

GroupPorts Fabric::worst_ports(const Group& group) const {
  ensure(group.size >= 1 && group.extent() <= total_gpus(), "a group must fit the fabric");
  const int ranks = std::max(group.ranks, group.size);
  if (group.extent() <= spec_.gpus) return ports_of(one_domain(group.size), ranks);
  return ports(worst_placed(group), ranks);
}

GroupPorts Fabric::ports(const GroupPlacement& group, int ranks) const {
  return ports_of(group.shape(), ranks);
}

GroupPorts Fabric::ports_of(const GroupShape& shape, int ranks) const {
  const BytesPerSecond egress = share(egress_, spec_.switch_capacity, std::min(ranks, spec_.gpus));
  if (!shape.spans_domains()) {
    return {.egress = egress, .nic = {}, .shape = shape};
  }
  return {.egress = egress,
          .nic = share(spec_.nic_bandwidth, spec_.scale_out_capacity, ranks),
          .shape = shape};
}

FabricSpec read_fabric(const Node& node) {
  node.allow_only({"gpus", "switches", "links_per_gpu_and_switch", "link_bandwidth",
                   "in_switch_reduction", "domains", "nic_bandwidth", "nic_latency",
                   "switch_capacity", "scale_out_capacity"});
  const Range<BytesPerSecond> limits{1_GBps, 100'000.0_TBps};
  FabricSpec spec{
      .gpus = static_cast<int>(sourced(node, "gpus").integer("value", {1, 1024})),
      .switches = static_cast<int>(sourced(node, "switches").integer("value", {1, 1024})),
      .links_per_switch =
          static_cast<int>(sourced(node, "links_per_gpu_and_switch").integer("value", {1, 64})),
      .link_bandwidth = sourced(node, "link_bandwidth").rate("value", {1_GBps, 10.0_TBps}),
      .in_switch_reduction = sourced(node, "in_switch_reduction").boolean("value", false),
      .switch_capacity = read_limit(node, "switch_capacity", limits),
      .scale_out_capacity = read_limit(node, "scale_out_capacity", limits)};
  if (node.has("domains")) {
    spec.domains = static_cast<int>(sourced(node, "domains").integer("value", {1, 64}));
  }
  if (node.has("nic_bandwidth")) {
    spec.nic_bandwidth =
        sourced(node, "nic_bandwidth").rate("value", {BytesPerSecond(1e8), 10.0_TBps});
  } else if (spec.domains > 1) {
    node.fail("missing key \"nic_bandwidth\": GPUs of different domains need a NIC");
  }
  if (node.has("nic_latency")) {
    spec.nic_latency = sourced(node, "nic_latency").time("value", {0_us, 1.0_s});
  }
  return spec;
}

}  // namespace helixsim
