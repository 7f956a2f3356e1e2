#include "sim/parallel/block_pass.hpp"

#include <algorithm>

#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {

BlockTimes block_pass(std::span<const Operation> operations, const HopB& hop_b, int requests,
                      const Hardware& hardware, bool overlap_all_reduce) {
  BlockTimes times;
  const auto book = [&](const Operation& op, SimTime busy) {
    times.busy[static_cast<std::size_t>(op.category)] += busy;
  };
  SimTime last_kernel;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (is_cut(operations, i, hop_b)) {
      const HopBPieces pieces = cut_by_hop_b(op, operations[i + 1], hop_b, requests, hardware);
      book(op, pieces.attention_busy());
      book(operations[i + 1], pieces.exchange_busy());
      times.makespan += pieces.makespan();
      ++i;
    } else if (op.kind != OperationKind::Collective) {
      last_kernel = compute_time(hardware, op);
      book(op, last_kernel);
      times.makespan += last_kernel;
    } else {
      const CollectiveCost cost = hardware.cost(op.collective);
      const SimTime busy = operation_time(cost.occupancy) + operation_time(cost.latency);
      book(op, busy);
      const bool overlaps = overlap_all_reduce && follows_its_kernel(operations, i);
      times.makespan += overlaps ? std::max(busy - last_kernel, SimTime()) : busy;
    }
  }
  return times;
}

}  // namespace helixsim
