#pragma once

#include <cstdint>

#include "sim/engine/task_graph.hpp"

namespace helixsim::bench {

/// The task graph of one decode step on all ranks, in the shape that engines are compared on: per
/// layer and rank `chunks` attention kernels on a compute stream, an exchange after each on a
/// communication stream, a projection, an all-reduce, an FFN and another all-reduce; joins of all
/// ranks after the exchanges, the projection, the all-reduce and at the end of the layer.
struct DecodeShape {
  int ranks = 64;
  int layers = 61;
  int chunks = 8;
  double jitter = 0.0;  ///< kernels take up to this share longer, drawn with `seed`
  std::uint32_t seed = 1;
  ResourceKind streams = ResourceKind::Stream;
};

/// Clears `graph` and builds it there, without sealing.
void build_decode_graph(const DecodeShape& shape, TaskGraph& graph);

}  // namespace helixsim::bench
