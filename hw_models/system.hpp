#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw_models/fabric.hpp"
#include "hw_models/gpu.hpp"
#include "hw_models/laws/fitted_laws.hpp"
#include "sim/config/node.hpp"

namespace helixsim {

/// Where kernels and collectives of a system were measured.
struct Measurements {
  std::string folder;    ///< of the tables, below a folder of measurements
  int node_gpus = 8;     ///< GPUs of one host
  std::string software;  ///< versions that were measured
};

/// A complete system file: GPU data sheet, fabric, and the fidelities that turn work into time.
struct System {
  std::string name;
  std::string title;
  Gpu gpu;
  std::shared_ptr<const Fabric> fabric;
  std::optional<Measurements> measurements;
  std::string laws_file;                ///< path of its fitted laws; empty when there are none
  std::vector<std::string> fidelities;  ///< names, in file order of the format: ideal, paper, ...
  Node document;                        ///< checked; fidelities are read from it
};

/// Reads and checks a whole system file, every fidelity included. Errors: ConfigError.
System read_system(const Node& document);

/// What laws of measured kernels are scaled by.
DataSheet data_sheet(const System& system);

/// The laws fitted for a system, scaled where its data sheet is not that of the GPU that was
/// measured. Errors: ConfigError when it has none, and for what is wrong in the
/// file.
FittedLaws read_system_laws(const System& system);

}  // namespace helixsim
