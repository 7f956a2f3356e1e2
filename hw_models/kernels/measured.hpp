#pragma once

#include <memory>

#include "hw_models/kernels/kernel_model.hpp"
#include "hw_models/system.hpp"

namespace helixsim {

/// How measured rows become kernels of a decode step (docs/modelling.md, composition). Times in
/// seconds.
struct Composition {
  double launch_gap = 2.4e-6;  ///< in rows measured one call a graph: attention, batched GEMM, MoE
  double in_graph_gap = 1.3e-6;      ///< between dependent kernels of one graph
  bool programmatic_launch = false;  ///< the next kernel starts early: no gap
  bool quantise_once = true;         ///< not again where another kernel gives quantised inputs
  bool cold = true;                  ///< no credit for data that L2 held between replays
};

/// Kernels by the laws that were fitted for the system. Reads `{law, launch_gap, in_graph_gap,
/// programmatic_launch, quantise_once, cold}`. Work without a shape, and formats without a law,
/// take a roofline at nine tenths of the data sheet and a small kernel's time. Where the library
/// has several kernels for routed experts, the fastest stands. No duration is below the data
/// sheet's roofline. Errors: ConfigError.
void check_measured(const Node& node);
std::unique_ptr<KernelModel> make_measured(const Node& node, const Gpu& gpu,
                                           std::shared_ptr<const FittedLaws> laws);

}  // namespace helixsim
