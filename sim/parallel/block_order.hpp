#pragma once

#include <span>

#include "sim/llm/operation.hpp"
#include "sim/parallel/hop_b.hpp"

namespace helixsim {

/// The two exceptions to "operations of a block follow one another"; the task graph of a rank and
/// the pass without a queue share them.

/// Whether HOP-B cuts operation `index` together with the exchange behind it.
inline bool is_cut(std::span<const Operation> operations, std::size_t index, const HopB& hop_b) {
  return hop_b.mode != HopBMode::Off && operations[index].kind == OperationKind::Attention &&
         index + 1 < operations.size() && operations[index + 1].cut_by_hop_b;
}

/// Whether operation `index` is an all-reduce directly behind a kernel.
inline bool follows_its_kernel(std::span<const Operation> operations, std::size_t index) {
  return index > 0 && operations[index].kind == OperationKind::Collective &&
         operations[index].collective.kind == CollectiveKind::AllReduce &&
         operations[index - 1].kind != OperationKind::Collective;
}

}  // namespace helixsim
