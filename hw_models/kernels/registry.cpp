#include "hw_models/kernels/registry.hpp"

#include "hw_models/kernels/measured.hpp"
#include "hw_models/kernels/roofline.hpp"

namespace helixsim {

std::span<const KernelLawEntry> kernel_laws() {
  static constexpr KernelLawEntry kTable[] = {
      {"roofline", "data-sheet roofline x efficiencies + a fixed time a launch", nullptr,
       make_roofline},
      {"measured", "laws fitted to measured kernels, by rules of composition", check_measured,
       make_measured},
  };
  return kTable;
}

}  // namespace helixsim
