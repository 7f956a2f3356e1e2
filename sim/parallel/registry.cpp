#include "sim/parallel/registry.hpp"

namespace helixsim {

std::span<const StrategyEntry> strategies() {
  static constexpr StrategyEntry kTable[] = {
      {"tp", "heads and FFN split over the same GPUs; KV duplicated beyond the KV heads",
       tp_strategy, false, false, false, true},
      {"dp", "attention groups with their own requests, FFN (TPF x EP) over all GPUs", dp_strategy,
       false, true, false, true},
      {"medha", "vanilla KVP: KV sharded over the sequence, FFN only TPA wide, nothing overlapped",
       medha_strategy, true, false, false, false},
      {"helix", "KVP x TPA for attention, then the same GPUs as TPF x EP for the FFN",
       helix_strategy, true, false, true, true},
  };
  return kTable;
}

}  // namespace helixsim
