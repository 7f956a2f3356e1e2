#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// Ring reduce-scatter, then ring all-gather, a g-th of the buffer a round.
/// Volume: 2 (g-1)/g payload; 2 (g-1) rounds. Where the ring leaves a domain, one GPU sends all of
/// it through its NIC.
AlgorithmVolume ring_all_reduce(const CollectiveRequest& request, const GroupShape& shape) {
  const double g = request.group;
  AlgorithmVolume volume{.sent = request.payload * (2.0 * (g - 1.0) / g),
                         .steps = 2 * (request.group - 1)};
  if (!shape.spans_domains()) return volume;
  if (shape.most > 1) volume.nvlink = volume.sent;
  volume.nic = volume.sent;
  volume.nic_steps = volume.steps;
  return volume;
}

void ring_all_reduce_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                               TransferList& out) {
  const Bytes part = request.payload / group.size;
  for (int step = 0; step < 2 * (group.size - 1); ++step) {
    for (int member = 0; member < group.size; ++member) {
      out.push_back(
          {.step = step, .source = member, .target = (member + 1) % group.size, .bytes = part});
    }
  }
}

}  // namespace helixsim
