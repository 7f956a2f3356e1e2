#pragma once

#include <cstdint>

#include "sim/engine/task_graph.hpp"

namespace helixsim::bench {

/// A layer's attention with its exchanges as real flows. Per chunk every rank has an attention
/// kernel on its compute stream and then a flow to every other rank, over its own egress port and
/// the other's ingress port. Chunk i + 1's attention runs beside chunk i's flows; a rank's flows of
/// a chunk wait for its flows of the chunk before. A join of all ranks ends the layer.
struct ExchangeShape {
  int ranks = 64;
  int layers = 1;
  int chunks = 8;
  double jitter = 0.0;        ///< kernels take up to this share longer, drawn with `seed`
  double uneven_bytes = 0.0;  ///< flows carry up to this share more
  std::uint32_t seed = 1;
  ResourceKind streams = ResourceKind::Stream;
};

inline constexpr double kPortCapacity = 1.0;  ///< units a picosecond

/// Clears `graph` and builds it there, without sealing.
void build_exchange_graph(const ExchangeShape& shape, TaskGraph& graph);

}  // namespace helixsim::bench
