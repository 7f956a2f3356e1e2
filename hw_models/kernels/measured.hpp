#pragma once

#include <memory>

#include "hw_models/kernels/kernel_model.hpp"
#include "hw_models/system.hpp"

namespace helixsim {

/// Kernels by the laws that were fitted for the system. Reads `{law, launch_gap, in_graph_gap,
/// programmatic_launch, quantise_once, cold}`. Work without a shape, and formats without a law,
/// take a roofline at nine tenths of the data sheet and a small kernel's time. Where the library
/// has several kernels for routed experts, the fastest stands. No duration is below the data
/// sheet's roofline. Errors: ConfigError.
void check_measured(const Node& node);
std::unique_ptr<KernelModel> make_measured(const Node& node, const Gpu& gpu,
                                           std::shared_ptr<const FittedLaws> laws);

}  // namespace helixsim
