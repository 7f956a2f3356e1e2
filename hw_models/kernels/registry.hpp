#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "hw_models/gpu.hpp"
#include "hw_models/kernels/kernel_model.hpp"
#include "sim/config/node.hpp"

namespace helixsim {

struct KernelLawEntry {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<KernelModel> (*make)(const Node& node, const Gpu& gpu);
};

/// Every law of kernel durations that a fidelity of a system file can name.
std::span<const KernelLawEntry> kernel_laws();

}  // namespace helixsim
