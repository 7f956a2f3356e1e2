#include "sim/calibration/transfer.hpp"

#include <utility>

#include "hw_models/laws/transfer.hpp"

namespace helixsim {

FittedLaws kernels_transferred(FittedLaws laws, const System& to) {
  FittedLaws moved = transferred(std::move(laws), data_sheet(to));
  const std::string from = std::exchange(moved.system, to.name);
  for_each_law([&]<class Law>() {
    auto& families = of_law<Law, FittedLaw>(moved.laws);
    if constexpr (requires(Law law) { law.gpu; }) {
      for (auto& [family, fitted] : families) {
        const LawGpu gpu = law_gpu(to.gpu);
        if (fitted.law.gpu != gpu) mark_transferred(fitted, from);
        fitted.law.gpu = gpu;
      }
    } else {
      families.clear();
    }
  });
  return moved;
}

}  // namespace helixsim
