#pragma once

#include <cstdint>
#include <vector>

#include "hw_models/fabric.hpp"

namespace helixsim {

/// How messages between ranks take their time.
enum class Network {
  AlphaBeta,  ///< each collective by its closed form, as if alone on the fabric
  Flows,      ///< as transfers that share the fabric's links at max-min fair rates
};

/// A link at a part of its rate.
struct FailedLink {
  FabricLinkId link = 0;
  double rate = 1.0;  ///< of the link's own, in (0, 1]
};

/// What makes ranks differ from one another, which symmetry cannot stand for. Empty lists are ones.
struct RankEffects {
  std::vector<double> slowdown;        ///< by rank: its kernels take so many times as long
  std::vector<double> attention_load;  ///< by rank: cached tokens it reads, over an even share
  std::vector<double> expert_load;     ///< by EP rank: active experts, over what is costed
  std::vector<double> token_load;      ///< by EP rank: tokens sent to its experts, likewise
  double jitter = 0.0;                 ///< each kernel takes up to this share longer, the same in
                                       ///< every micro-batch and round of a pipeline
  std::uint64_t seed = 1;              ///< of the jitter
  Network network = Network::AlphaBeta;
  std::vector<FailedLink> failed_links;  ///< for Network::Flows
  bool share_hbm = false;  ///< for Network::Flows: transfers read and write the HBM of their ends,
                           ///< at the expense of kernels there

  /// Whether all ranks still do the same in the same time.
  [[nodiscard]] bool symmetric() const {
    return slowdown.empty() && attention_load.empty() && expert_load.empty() &&
           token_load.empty() && jitter == 0.0 && network == Network::AlphaBeta;
  }
};

}  // namespace helixsim
