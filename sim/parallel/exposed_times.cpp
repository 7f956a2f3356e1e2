#include "sim/parallel/exposed_times.hpp"

#include <algorithm>

#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {
namespace {

SimTime sum_of(std::span<const SimTime> times) {
  SimTime sum;
  for (const SimTime time : times) sum += time;
  return sum;
}

}  // namespace

std::vector<SimTime> exposed_times(std::span<const Operation> operations, const HopB& hop_b,
                                   int requests, const Hardware& hardware,
                                   bool overlap_all_reduce) {
  std::vector<SimTime> exposed(operations.size());
  std::vector<std::pair<std::size_t, SimTime>> second;  // operations of the second stream
  std::size_t second_begins = 0;
  const auto join = [&](std::size_t index) {
    const auto beside = std::span(exposed).subspan(second_begins, index - second_begins);
    SimTime of_second;
    for (const auto& [at, time] : second) of_second += time;
    if (of_second > sum_of(beside)) {
      std::fill(beside.begin(), beside.end(), SimTime());
      for (const auto& [at, time] : second) exposed[at] = time;
    }
    second.clear();
  };
  SimTime last_kernel;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (is_cut(operations, i, hop_b)) {
      const HopBPieces pieces = cut_by_hop_b(op, operations[i + 1], hop_b, requests, hardware);
      exposed[i] = pieces.attention_on_longest_path();
      exposed[i + 1] = pieces.makespan() - exposed[i];
      ++i;
    } else if (op.kind != OperationKind::Collective) {
      const SimTime time = compute_time(hardware, op);
      if (op.stream == KernelStream::Second) {
        if (second.empty()) second_begins = i;
        second.emplace_back(i, time);
        continue;
      }
      if (op.stream == KernelStream::FirstAfterSecond) join(i);
      last_kernel = time;
      exposed[i] = time;
    } else {
      const CollectiveCost cost = hardware.cost(op.collective);
      const SimTime busy = operation_time(cost.occupancy) + operation_time(cost.latency);
      if (overlap_all_reduce && follows_its_kernel(operations, i)) {
        if (busy <= last_kernel) continue;
        exposed[i - 1] = SimTime();  // both start together, and the kernel ends first
      }
      exposed[i] = busy;
    }
  }
  return exposed;
}

}  // namespace helixsim
