#include "hw_models/laws/collective_law.hpp"

#include <algorithm>
#include <cmath>

#include "hw_models/laws/law_math.hpp"

namespace helixsim {

LawTerms CollectiveLaw::terms(const CollectiveShape& shape, bool /*cold*/) const {
  const double doublings = std::log2(shape.ranks / 2.0);
  const bool to_experts = shape.experts > 0.0;
  const double slower =
      std::exp2(fall * doublings) * (to_experts ? 1.0 + narrow / shape.experts : 1.0);
  const double own = shape.local_bytes / local;
  const auto line = [&](double fixed, double hop, double bandwidth) {
    const double wire = shape.wire_bytes / bandwidth * slower;
    return LawTerms{.total = fixed + hop * doublings + norm4(wire, own) + expert * shape.experts,
                    .memory = std::max(wire, own)};
  };
  LawTerms best = line(fixed1, hop1, bandwidth1);
  const auto take = [&](const LawTerms& other) {
    if (other.total < best.total) best = other;
  };
  if (lines > 1) take(line(fixed2, hop2, bandwidth2));
  if (lines > 2) take(line(fixed3, hop3, bandwidth3));
  return best;
}

std::span<const LawParameter<CollectiveLaw>> CollectiveLaw::parameters() {
  using Law = CollectiveLaw;
  static constexpr LawParameter<Law> kTable[] = {
      {"fixed1", &Law::fixed1, "us", 1e-6, 0.5e-6, 500e-6, OnOtherGpu::Unknown},
      {"hop1", &Law::hop1, "us", 1e-6, 1e-9, 50e-6, OnOtherGpu::Unknown},
      {"bandwidth1", &Law::bandwidth1, "GB/s", 1e9, 1e9, 2000e9, OnOtherGpu::Scaled},
      {"fixed2", &Law::fixed2, "us", 1e-6, 0.5e-6, 500e-6, OnOtherGpu::Unknown},
      {"hop2", &Law::hop2, "us", 1e-6, 1e-9, 50e-6, OnOtherGpu::Unknown},
      {"bandwidth2", &Law::bandwidth2, "GB/s", 1e9, 1e9, 2000e9, OnOtherGpu::Scaled},
      {"fixed3", &Law::fixed3, "us", 1e-6, 0.5e-6, 500e-6, OnOtherGpu::Unknown},
      {"hop3", &Law::hop3, "us", 1e-6, 1e-9, 50e-6, OnOtherGpu::Unknown},
      {"bandwidth3", &Law::bandwidth3, "GB/s", 1e9, 1e9, 2000e9, OnOtherGpu::Scaled},
      {"fall", &Law::fall, "", 1.0, 1e-4, 1.0},
      {"local", &Law::local, "GB/s", 1e9, 1e9, 8000e9, OnOtherGpu::Scaled},
      {"expert", &Law::expert, "us", 1e-6, 1e-9, 10e-6},
      {"narrow", &Law::narrow, "", 1.0, 1e-3, 1000.0},
  };
  return kTable;
}

std::span<const LawChoice<CollectiveLaw>> CollectiveLaw::choices() {
  static constexpr LawChoice<CollectiveLaw> kTable[] = {
      {"lines", &CollectiveLaw::lines},
  };
  return kTable;
}

std::span<const LawFact<CollectiveLaw>> CollectiveLaw::facts() {
  return {};
}

std::span<const LawCoordinate<CollectiveLaw>> CollectiveLaw::coordinates() {
  static constexpr LawCoordinate<CollectiveLaw> kTable[] = {
      {"ranks", [](const CollectiveShape& shape) { return std::log2(shape.ranks); }},
      {"bytes", [](const CollectiveShape& shape) { return std::log2(shape.wire_bytes + 1.0); },
       1.0},
      {"local", [](const CollectiveShape& shape) { return std::log2(shape.local_bytes + 1.0); },
       1.0},
      {"experts", [](const CollectiveShape& shape) { return std::log2(shape.experts + 1.0); }, 1.0},
  };
  return kTable;
}

}  // namespace helixsim
