#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hw_models/fabric.hpp"
#include "hw_models/gpu.hpp"
#include "sim/config/node.hpp"

namespace helixsim {

/// A complete system file: GPU data sheet, fabric, and the fidelities that turn work into time.
struct System {
  std::string name;
  std::string title;
  Gpu gpu;
  std::shared_ptr<const Fabric> fabric;
  std::vector<std::string> fidelities;  ///< names, in file order of the format: ideal, paper, ...
  Node document;                        ///< checked; fidelities are read from it
};

/// Reads and checks a whole system file, every fidelity included. Errors: ConfigError.
System read_system(const Node& document);

}  // namespace helixsim
