#include "hw_models/collectives/registry.hpp"

namespace helixsim {

/// The switch adds what the GPUs send and multicasts the sum: each port carries the buffer once
/// each way. Volume: payload; one round. Switches of one domain do it, so the group lies in one.
AlgorithmVolume in_switch_all_reduce(const CollectiveRequest& request, const GroupShape&) {
  return {.sent = request.payload, .steps = 1};
}

void in_switch_all_reduce_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                                    TransferList& out) {
  if (group.size < 2) return;
  for (int member = 0; member < group.size; ++member) {
    out.push_back({.step = 0,
                   .source = member,
                   .target = member,
                   .bytes = request.payload,
                   .in_switch = true});
  }
}

}  // namespace helixsim
