#include "hw_models/laws/grouped_gemm_law.hpp"

#include <algorithm>
#include <cmath>

#include "hw_models/laws/law_math.hpp"

namespace helixsim {

LawTerms GroupedGemmLaw::terms(const GroupedGemmShape& shape, bool cold) const {
  const double sms = gpu.multiprocessors;
  const double each = std::max(shape.rows / shape.active, 1.0);
  const double tile_m =
      std::clamp(power_of_two_at_least(each), 16.0, static_cast<double>(tile_rows));
  const double row_tiles = shape.active * std::ceil(each / tile_m);
  const double columns = (matrices - 1.0) * shape.intermediate;
  const double waves1 = std::ceil(row_tiles * std::ceil(columns / tile_columns) / sms);
  const double waves2 = std::ceil(row_tiles * std::ceil(shape.hidden / tile_columns) / sms);
  const double compute = 2.0 * tile_m * tile_columns / (efficiency * peak / sms);
  const double stream =
      (waves1 * shape.hidden + waves2 * shape.intermediate) * norm6(per_k, compute);
  const double weights = shape.active * matrices * shape.hidden * shape.intermediate * weight_bytes;
  const MemoryReach reach{bandwidth, l2_bandwidth, l2_part * gpu.l2_bytes};
  const double memory = reach.seconds(weights, weights, cold);
  return {.total = fixed + norm_of(memory, stream, sharpness) +
                   traffic * (shape.tokens + shape.rows) * 2.0 * shape.hidden +
                   expert * shape.active + idle * shape.experts + routing * std::log2(shape.tokens),
          .memory = memory,
          .stream = stream,
          .in_l2 = !cold && reach.holds(weights),
          .by_arithmetic = compute > per_k};
}

std::span<const LawParameter<GroupedGemmLaw>> GroupedGemmLaw::parameters() {
  using Law = GroupedGemmLaw;
  static constexpr LawParameter<Law> kTable[] = {
      {"fixed", &Law::fixed, "us", 1e-6, 1e-6, 60e-6, OnOtherGpu::Unknown},
      {"per_k", &Law::per_k, "ns", 1e-9, 0.01e-9, 50e-9},
      {"bandwidth", &Law::bandwidth, "TB/s", 1e12, 0.3e12, 8e12, OnOtherGpu::Scaled},
      {"l2_bandwidth", &Law::l2_bandwidth, "TB/s", 1e12, 2e12, 60e12, OnOtherGpu::Scaled},
      {"l2_part", &Law::l2_part, "", 1.0, 0.1, 1.5},
      {"efficiency", &Law::efficiency, "", 1.0, 0.02, 1.0, OnOtherGpu::Scaled},
      {"traffic", &Law::traffic, "ps/kB", 1e-15, 1e-16, 1e-10},
      {"expert", &Law::expert, "us", 1e-6, 1e-9, 5e-6},
      {"idle", &Law::idle, "us", 1e-6, 1e-9, 5e-6},
      {"routing", &Law::routing, "us", 1e-6, 1e-9, 5e-6},
      {"sharpness", &Law::sharpness, "", 1.0, 1.0, 12.0},
  };
  return kTable;
}

std::span<const LawChoice<GroupedGemmLaw>> GroupedGemmLaw::choices() {
  static constexpr LawChoice<GroupedGemmLaw> kTable[] = {
      {"tile_columns", &GroupedGemmLaw::tile_columns},
      {"tile_rows", &GroupedGemmLaw::tile_rows},
  };
  return kTable;
}

std::span<const LawFact<GroupedGemmLaw>> GroupedGemmLaw::facts() {
  static constexpr LawFact<GroupedGemmLaw> kTable[] = {
      {"matrices", &GroupedGemmLaw::matrices, "", 1.0},
      {"weight_bytes", &GroupedGemmLaw::weight_bytes, "B", 1.0},
      {"peak", &GroupedGemmLaw::peak, "PFLOP/s", 1e15},
  };
  return kTable;
}

std::span<const LawCoordinate<GroupedGemmLaw>> GroupedGemmLaw::coordinates() {
  using Shape = GroupedGemmShape;
  static constexpr LawCoordinate<GroupedGemmLaw> kTable[] = {
      {"tokens", [](const Shape& shape) { return std::log2(shape.tokens); }},
      {"rows", [](const Shape& shape) { return std::log2(std::max(shape.rows, 1.0)); }},
      {"experts", [](const Shape& shape) { return std::log2(shape.experts); }},
      {"hidden", [](const Shape& shape) { return std::log2(shape.hidden); }},
      {"intermediate", [](const Shape& shape) { return std::log2(shape.intermediate); }},
  };
  return kTable;
}

}  // namespace helixsim
