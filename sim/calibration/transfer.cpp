#include "sim/calibration/transfer.hpp"

#include "hw_models/laws/transfer.hpp"

namespace helixsim {

FittedLaws kernels_transferred(FittedLaws laws, const System& to) {
  FittedLaws moved = transferred(std::move(laws), data_sheet(to));
  moved.system = to.name;
  for_each_law([&]<class Law>() {
    auto& families = of_law<Law, FittedLaw>(moved.laws);
    if constexpr (requires(Law law) { law.gpu; }) {
      for (auto& [family, fitted] : families) fitted.law.gpu = law_gpu(to.gpu);
    } else {
      families.clear();
    }
  });
  return moved;
}

}  // namespace helixsim
