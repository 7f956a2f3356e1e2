#include "hw_models/kernels/registry.hpp"

#include "hw_models/kernels/roofline.hpp"

namespace helixsim {

std::span<const KernelLawEntry> kernel_laws() {
  static constexpr KernelLawEntry kTable[] = {
      {"roofline", "data-sheet roofline x efficiencies + a fixed time a launch", make_roofline},
  };
  return kTable;
}

}  // namespace helixsim
