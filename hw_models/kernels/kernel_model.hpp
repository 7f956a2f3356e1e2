#pragma once

#include "hw_models/kernels/kernel.hpp"

namespace helixsim {

/// Durations of kernels. Contract for implementers: a pure function; finite and not negative; never
/// below the data-sheet roofline; never falling when bytes or flops grow.
class KernelModel {
 public:
  virtual ~KernelModel() = default;
  [[nodiscard]] virtual Seconds duration(const KernelWork& work) const = 0;
};

}  // namespace helixsim
