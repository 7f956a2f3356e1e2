#include "hw_models/collectives/all_pairs.hpp"

namespace helixsim {

AlgorithmVolume all_pairs_volume(Bytes sent, int steps, const GroupShape& shape) {
  AlgorithmVolume volume{.sent = sent, .steps = steps};
  if (!shape.spans_domains()) return volume;
  const double peers = shape.size - 1.0;
  // The busiest NVLink is in the fullest domain, the busiest NIC in the emptiest.
  volume.nvlink = sent * ((shape.most - 1.0) / peers);
  volume.nic = sent * ((shape.size - shape.fewest) / peers);
  volume.nic_steps = steps;
  return volume;
}

void add_all_pairs(int step, int members, Bytes bytes, TransferList& out) {
  for (int source = 0; source < members; ++source) {
    for (int distance = 1; distance < members; ++distance) {
      out.push_back({.step = step,
                     .source = source,
                     .target = (source + distance) % members,
                     .bytes = bytes});
    }
  }
}

}  // namespace helixsim
