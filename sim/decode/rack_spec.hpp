#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw_models/fabric.hpp"
#include "sim/config/node.hpp"
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
  std::vector<FailedPort> failed_ports;  ///< over flows only
  bool share_hbm = false;                ///< over flows only
  bool sample_experts = false;  ///< draw which experts the tokens choose; else their expectation
  int kv_append_block = 16;     ///< tokens that one KVP rank appends before the next one does

  /// Whether a point must be simulated on all ranks.
  [[nodiscard]] bool needs_ranks() const {
    return every_rank || network != Network::AlphaBeta || !stragglers.empty() || jitter > 0.0 ||
           sample_experts;
  }
};

/// Keys of a rack in a JSON object: ranks, network, stragglers, jitter, failed_links, share_hbm,
/// experts, kv_append_block, seed.
std::vector<std::string_view> rack_keys();
/// Reads those that are there. Errors: ConfigError, also for what needs `network: flows`.
void read_rack_keys(const Node& node, RackSpec& spec);

std::string_view name_of(Network network);
std::string_view name_of(Port port);

/// The links that fail. Errors: ConfigError for a GPU or NIC that the fabric does not have.
std::vector<FailedLink> failed_links(const RackSpec& spec, const Fabric& fabric);

/// Slowdown by rank; empty without stragglers. Ranks that the layout does not have are left out.
std::vector<double> slowdowns(const RackSpec& spec, int ranks);

/// Tokens of a context of `tokens` whose place, counted in blocks of `block`, falls to rank `kvp`
/// of `width` when blocks go round.
double tokens_owned(double tokens, int block, int kvp, int width);

/// By KVP rank: cached tokens of `contexts` that it holds, over an even share of all. Source: the
/// round-robin append of Helix (arXiv 2507.07120, section 2.3).
std::vector<double> kv_loads(std::span<const double> contexts, int block, int width);

/// By EP rank: how many of its experts at least one of `tokens` tokens chooses, each token drawing
/// `experts_per_token` distinct ones uniformly.
std::vector<double> sampled_active_experts(int experts, int experts_per_token, int tokens, int ep,
                                           std::uint64_t seed);

}  // namespace helixsim
