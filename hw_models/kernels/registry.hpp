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
  /// Of a law that needs the system's fitted laws: checks the node without them. Else null.
  void (*check)(const Node& node);
  /// `laws` is null where the law needs none.
  std::unique_ptr<KernelModel> (*make)(const Node& node, const Gpu& gpu,
                                       std::shared_ptr<const FittedLaws> laws);
};

/// Every law of kernel durations that a fidelity of a system file can name.
std::span<const KernelLawEntry> kernel_laws();

}  // namespace helixsim
