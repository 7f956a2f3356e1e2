#include "sim/parallel/block_pass.hpp"

#include <algorithm>

#include "sim/parallel/beside_time.hpp"
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
  BesideTime beside;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (is_cut(operations, i, hop_b)) {
      const HopBPieces pieces = cut_by_hop_b(op, operations[i + 1], hop_b, requests, hardware);
      book(op, pieces.attention_busy());
      book(operations[i + 1], pieces.exchange_busy());
      times.makespan += pieces.makespan();
      ++i;
    } else if (op.kind != OperationKind::Collective) {
      const SimTime time = compute_time(hardware, op);
      if (op.stream != KernelStream::First) [[unlikely]] {
        if (op.stream == KernelStream::Second) {
          beside.add_second(time, times.makespan);
          continue;
        }
        const SimTime longer = beside.join(times.makespan);
        book(op, longer);
        times.makespan += longer;
      }
      last_kernel = time;
      book(op, time);
      times.makespan += time;
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
