#include "hw_models/laws/stream_law.hpp"

#include <cmath>

#include "hw_models/laws/law_math.hpp"

namespace helixsim {

LawTerms StreamLaw::terms(const StreamShape& shape, bool cold) const {
  const double elements = shape.rows * shape.columns;
  const double bytes = element_bytes * elements;
  const MemoryReach reach{bandwidth, l2_bandwidth, l2_part * gpu.l2_bytes};
  const double memory = reach.seconds(bytes, bytes, cold);
  const double walk = row * shape.columns + element * elements / gpu.multiprocessors;
  return {.total = fixed + norm_of(memory, walk, sharpness),
          .memory = memory,
          .stream = walk,
          .in_l2 = !cold && reach.holds(bytes)};
}

std::span<const LawParameter<StreamLaw>> StreamLaw::parameters() {
  static constexpr LawParameter<StreamLaw> kTable[] = {
      {"fixed", &StreamLaw::fixed, "us", 1e-6, 0.3e-6, 30e-6, OnOtherGpu::Unknown},
      {"row", &StreamLaw::row, "ps", 1e-12, 1e-15, 1e-9},
      {"element", &StreamLaw::element, "ps", 1e-12, 1e-14, 1e-8},
      {"bandwidth", &StreamLaw::bandwidth, "TB/s", 1e12, 0.3e12, 8e12, OnOtherGpu::Scaled},
      {"l2_bandwidth", &StreamLaw::l2_bandwidth, "TB/s", 1e12, 0.5e12, 60e12, OnOtherGpu::Scaled},
      {"l2_part", &StreamLaw::l2_part, "", 1.0, 0.1, 1.5},
      {"sharpness", &StreamLaw::sharpness, "", 1.0, 1.0, 12.0},
  };
  return kTable;
}

std::span<const LawChoice<StreamLaw>> StreamLaw::choices() {
  return {};
}

std::span<const LawFact<StreamLaw>> StreamLaw::facts() {
  static constexpr LawFact<StreamLaw> kTable[] = {
      {"element_bytes", &StreamLaw::element_bytes, "B", 1.0},
  };
  return kTable;
}

std::span<const LawCoordinate<StreamLaw>> StreamLaw::coordinates() {
  static constexpr LawCoordinate<StreamLaw> kTable[] = {
      {"rows", [](const StreamShape& shape) { return std::log2(shape.rows); }},
      {"columns", [](const StreamShape& shape) { return std::log2(shape.columns); }},
  };
  return kTable;
}

}  // namespace helixsim
