#pragma once

#include <memory>
#include <string>

#include "sim/calibration/record.hpp"

namespace helixsim {

/// Clocks, power and temperature from the driver's management library, which is loaded when asked
/// for: it comes with the driver, not with CUDA. Reads only.
class Nvml {
 public:
  /// Null where the library or the GPU is not there: clocks stay unknown.
  static std::unique_ptr<Nvml> open(const std::string& pci_bus);
  virtual ~Nvml() = default;
  /// Takes a sample now.
  virtual void sample() = 0;
  /// Of the samples since the last call.
  virtual Clocks summary() = 0;
};

}  // namespace helixsim
