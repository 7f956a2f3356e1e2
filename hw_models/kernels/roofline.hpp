#pragma once

#include <memory>

#include "hw_models/kernels/kernel_model.hpp"
#include "hw_models/system.hpp"

namespace helixsim {

/// Time of the slower of two limits: t = max(flops / peak, bytes / bandwidth).
inline Seconds roofline_time(Flops work, Bytes traffic, FlopsPerSecond peak,
                             BytesPerSecond bandwidth) {
  const Seconds compute = work / peak;
  const Seconds memory = traffic / bandwidth;
  return compute < memory ? memory : compute;
}

/// Roofline with efficiencies and a fixed time a launch:
/// t = fixed(kind) + max(flops / (compute_efficiency * peak), bytes / (memory_efficiency *
/// bandwidth)). Reads `{law, memory_efficiency, compute_efficiency, fixed, fixed_attention}`.
/// Errors: ConfigError.
std::unique_ptr<KernelModel> make_roofline(const Node& node, const Gpu& gpu,
                                           std::shared_ptr<const FittedLaws> laws);

}  // namespace helixsim
