#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "hw_models/kernels/kernel_model.hpp"
#include "hw_models/system.hpp"
#include "sim/config/node.hpp"

namespace helixsim {

struct KernelLawEntry {
  std::string_view name;
  std::string_view summary;
  /// Of a law that reads the system's file of fitted laws: checks the node without it. Else null.
  void (*check)(const Node& node);
  std::unique_ptr<KernelModel> (*make)(const Node& node, const System& system);
};

/// Every law of kernel durations that a fidelity of a system file can name.
std::span<const KernelLawEntry> kernel_laws();

}  // namespace helixsim
