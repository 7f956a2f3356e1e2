#pragma once

#include <algorithm>

namespace helixsim {

/// How measured rows become kernels of a decode step (docs/modelling.md, section 7). Times in
/// seconds.
struct Composition {
  double launch_gap = 2.4e-6;  ///< in rows measured one call a graph: attention, batched GEMM, MoE
  double in_graph_gap = 1.3e-6;      ///< between dependent kernels of one graph
  bool programmatic_launch = false;  ///< the next kernel starts early: no gap
  bool quantise_once = true;         ///< not again where another kernel gives quantised inputs
  bool cold = true;                  ///< no credit for data that L2 held between replays

  [[nodiscard]] double gap() const { return programmatic_launch ? 0.0 : in_graph_gap; }
  /// Rows of one call a graph contain the gap of a graph's launch; a step pays the one between
  /// kernels.
  [[nodiscard]] double alone_to_step(double time) const {
    return std::max(time - launch_gap, 0.0) + gap();
  }
  /// Rows with several calls a graph contain the gap between kernels.
  [[nodiscard]] double packed_to_step(double time) const {
    return time - (programmatic_launch ? std::min(in_graph_gap, 0.5 * time) : 0.0);
  }
};

}  // namespace helixsim
