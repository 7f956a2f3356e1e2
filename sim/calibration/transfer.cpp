#include "sim/calibration/transfer.hpp"

#include <cmath>

namespace helixsim {
namespace {

/// Ratio of the peaks of the rate that a law's peak is of: the first one that meets it. 1 when none
/// does.
double peak_ratio(double peak, const Gpu& from, const Gpu& to) {
  for (const MathRate rate : {MathRate::Bf16, MathRate::Fp8, MathRate::Fp4}) {
    const double known = from.peak(rate).value();
    if (std::abs(peak / known - 1.0) < 1e-3) return to.peak(rate).value() / known;
  }
  return 1.0;
}

template <class Law>
void transfer(const FittedLaws& laws, const System& from, const System& to, FittedLaws& moved) {
  for (const auto& [family, fitted] : of_law<Law, FittedLaw>(laws.laws)) {
    FittedLaw<Law> other = fitted;
    other.law.gpu = law_gpu(to.gpu);
    other.law.bandwidth *= to.gpu.memory_bandwidth.value() / from.gpu.memory_bandwidth.value();
    if constexpr (requires(Law law) { law.peak; }) {
      other.law.peak *= peak_ratio(fitted.law.peak, from.gpu, to.gpu);
    }
    of_law<Law, FittedLaw>(moved.laws).emplace(family, std::move(other));
  }
}

}  // namespace

FittedLaws transferred(const FittedLaws& laws, const System& from, const System& to) {
  FittedLaws moved{.system = to.name, .software = laws.software, .laws = {}};
  for_each_law([&]<class Law>() {
    if constexpr (requires(Law law) { law.gpu; }) transfer<Law>(laws, from, to, moved);
  });
  return moved;
}

}  // namespace helixsim
