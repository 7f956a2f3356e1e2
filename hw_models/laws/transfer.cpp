#include "hw_models/laws/transfer.hpp"

#include <cmath>

namespace helixsim {
namespace {

/// But for what writing to a file rounds off, which leaves six digits.
template <class Quantity>
bool near(Quantity a, Quantity b) {
  return std::abs(a / b - 1.0) < 1e-5;
}

bool same_gpu(const DataSheet& a, const DataSheet& b) {
  return near(a.memory_bandwidth, b.memory_bandwidth) && near(a.bf16, b.bf16) &&
         near(a.fp8, b.fp8) && near(a.fp4, b.fp4);
}

/// Ratio of the peaks of the rate that a law's peak is of: the first one that meets it. 1 when none
/// does.
double peak_ratio(double peak, const DataSheet& from, const DataSheet& to) {
  for (const auto rate : {&DataSheet::bf16, &DataSheet::fp8, &DataSheet::fp4}) {
    const double known = (from.*rate).value();
    if (known > 0.0 && std::abs(peak / known - 1.0) < 1e-3) return (to.*rate).value() / known;
  }
  return 1.0;
}

template <class Law>
void scale(Law& law, const DataSheet& from, const DataSheet& to) {
  if constexpr (requires { law.bandwidth; }) {
    law.bandwidth *= to.memory_bandwidth / from.memory_bandwidth;
  }
  if constexpr (requires { law.peak; }) law.peak *= peak_ratio(law.peak, from, to);
}

void scale(CollectiveLaw& law, const DataSheet& from, const DataSheet& to) {
  for (const auto bandwidth :
       {&CollectiveLaw::bandwidth1, &CollectiveLaw::bandwidth2, &CollectiveLaw::bandwidth3}) {
    law.*bandwidth *= to.link_bandwidth / from.link_bandwidth;
  }
}

}  // namespace

FittedLaws transferred(FittedLaws laws, const DataSheet& to) {
  const DataSheet from = laws.data_sheet;
  laws.data_sheet = to;
  if (from == DataSheet{}) return laws;
  for_each_law([&]<class Law>() {
    constexpr bool kOfGpu = requires(Law law) {
      law.gpu;
    };
    if (kOfGpu ? same_gpu(from, to) : near(from.link_bandwidth, to.link_bandwidth)) return;
    for (auto& [family, fitted] : of_law<Law, FittedLaw>(laws.laws)) {
      scale(fitted.law, from, to);
      mark_transferred(fitted, laws.system);
    }
  });
  return laws;
}

}  // namespace helixsim
