#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw_models/fabric.hpp"
#include "sim/config/node.hpp"
#include "sim/parallel/layout.hpp"
#include "sim/parallel/rank_effects.hpp"

namespace helixsim {

/// A rank whose kernels take longer; without a rank one is drawn.
struct Straggler {
  std::optional<int> rank;
  double slowdown = 1.0;
};

/// Ports of a GPU.
enum class Port { Egress, Ingress, NicEgress, NicIngress };

/// A port at a part of its rate.
struct FailedPort {
  int gpu = 0;
  Port port = Port::Egress;
  double rate = 1.0;
};

/// What a study says about ranks that are not all alike, for layouts of any size.
struct RackSpec {
  bool every_rank = false;  ///< simulate every rank and layer even where symmetry holds
  Network network = Network::AlphaBeta;
  std::vector<Straggler> stragglers;
  double jitter = 0.0;
  std::uint64_t seed = 1;
  std::vector<FailedPort> failed_ports;             ///< over flows only
  bool share_hbm = false;                           ///< over flows only
  std::string failed_links_place = "failed_links";  ///< where the user said so, for messages
  std::string share_hbm_place = "share_hbm";
  bool sample_experts = false;  ///< draw which experts the tokens choose; else their expectation
  /// Tokens that one KVP rank appends before the next one does. Without it equal contexts are
  /// spread evenly, and unequal ones in blocks of 16.
  std::optional<int> kv_append_block;

  /// Whether a point must be simulated on all ranks.
  [[nodiscard]] bool needs_ranks() const {
    return every_rank || network != Network::AlphaBeta || !stragglers.empty() || jitter > 0.0 ||
           sample_experts || kv_append_block.has_value();
  }
};

/// Keys of a rack in a JSON object: ranks, network, stragglers, jitter, failed_links, share_hbm,
/// experts, kv_append_block, seed.
std::vector<std::string_view> rack_keys();
/// Reads those that are there. Errors: ConfigError.
void read_rack_keys(const Node& node, RackSpec& spec);
/// Errors: ConfigError for what needs `network: flows` and has it not, and for ports that the
/// fabric does not have.
void check_rack(const RackSpec& spec, const Fabric& fabric);
/// What the rack names beyond the `gpus` of a layout; none when it names nothing.
std::optional<LayoutFault> beyond_layout(const RackSpec& spec, int gpus);

/// What differs from ranks that are all alike, a line each, such as "straggler: rank 3 x 1.3".
std::vector<std::string> describe(const RackSpec& spec);

std::string_view name_of(Network network);
std::string_view name_of(Port port);

/// The links that fail. Errors: ConfigError for a GPU or NIC that the fabric does not have.
std::vector<FailedLink> failed_links(const RackSpec& spec, const Fabric& fabric);

/// Slowdown by rank; empty without stragglers. Ranks that the layout does not have are left out: a
/// sweep has layouts of many sizes.
std::vector<double> slowdowns(const RackSpec& spec, int ranks);

/// What drawn choices of experts give each EP rank.
struct SampledExperts {
  std::vector<double> active;  ///< its experts that at least one token chooses
  std::vector<double> rows;    ///< choices that fall to it: rows of its grouped GEMMs
};

/// Each of `tokens` tokens draws `experts_per_token` distinct experts uniformly. Contract: ep
/// divides experts.
SampledExperts sampled_experts(int experts, int experts_per_token, int tokens, int ep,
                               std::uint64_t seed);

}  // namespace helixsim
