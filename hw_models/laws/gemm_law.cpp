#include "hw_models/laws/gemm_law.hpp"

#include <algorithm>
#include <cmath>

#include "hw_models/laws/law_math.hpp"

namespace helixsim {

LawTerms GemmLaw::terms(const GemmShape& shape, bool cold) const {
  const auto [m, n, k, batch] = shape;
  const double sms = gpu.multiprocessors;
  const double tile_m = std::clamp(power_of_two_at_least(m), 16.0, static_cast<double>(tile_rows));
  const double tiles = batch * std::ceil(m / tile_m) * std::ceil(n / tile_columns);
  const double most = std::min<double>(max_splits, std::max(1.0, std::floor(k / 512.0)));
  const auto [splits, waves] = split_plan(tiles, most, sms);
  const double compute = 2.0 * tile_m * tile_columns / (efficiency * peak / sms);
  const double stream = waves * (k / splits) * norm6(per_k, compute);
  const double weights = batch * n * k * weight_bytes;
  const double copies = std::clamp(std::ceil(gpu.l2_bytes / weights), 1.0, most_copies);
  const MemoryReach reach{bandwidth, l2_bandwidth, l2_part * gpu.l2_bytes};
  const double bytes = weights + batch * 2.0 * m * (k + n);
  const double memory = reach.seconds(bytes, copies * bytes, cold);
  return {.total = fixed + norm_of(memory, stream, sharpness) + quantise * batch * 2.0 * m * k +
                   split * std::log2(splits) + wave * (waves - 1.0),
          .memory = memory,
          .stream = stream,
          .in_l2 = !cold && reach.holds(copies * bytes),
          .by_arithmetic = compute > per_k};
}

std::span<const LawParameter<GemmLaw>> GemmLaw::parameters() {
  static constexpr LawParameter<GemmLaw> kTable[] = {
      {"fixed", &GemmLaw::fixed, "us", 1e-6, 0.3e-6, 30e-6, OnOtherGpu::Unknown},
      {"per_k", &GemmLaw::per_k, "ns", 1e-9, 0.02e-9, 20e-9},
      {"bandwidth", &GemmLaw::bandwidth, "TB/s", 1e12, 0.5e12, 8e12, OnOtherGpu::Scaled},
      {"l2_bandwidth", &GemmLaw::l2_bandwidth, "TB/s", 1e12, 2e12, 60e12, OnOtherGpu::Scaled},
      {"l2_part", &GemmLaw::l2_part, "", 1.0, 0.1, 1.5},
      {"efficiency", &GemmLaw::efficiency, "", 1.0, 0.05, 1.0, OnOtherGpu::Scaled},
      {"quantise", &GemmLaw::quantise, "ps/kB", 1e-15, 1e-16, 1e-11},
      {"split", &GemmLaw::split, "us", 1e-6, 1e-9, 10e-6},
      {"wave", &GemmLaw::wave, "us", 1e-6, 1e-9, 10e-6},
      {"sharpness", &GemmLaw::sharpness, "", 1.0, 1.0, 12.0},
  };
  return kTable;
}

std::span<const LawChoice<GemmLaw>> GemmLaw::choices() {
  static constexpr LawChoice<GemmLaw> kTable[] = {
      {"tile_columns", &GemmLaw::tile_columns},
      {"tile_rows", &GemmLaw::tile_rows},
      {"max_splits", &GemmLaw::max_splits},
  };
  return kTable;
}

std::span<const LawFact<GemmLaw>> GemmLaw::facts() {
  static constexpr LawFact<GemmLaw> kTable[] = {
      {"weight_bytes", &GemmLaw::weight_bytes, "B", 1.0},
      {"peak", &GemmLaw::peak, "PFLOP/s", 1e15},
      {"most_copies", &GemmLaw::most_copies, "", 1.0},
  };
  return kTable;
}

std::span<const LawCoordinate<GemmLaw>> GemmLaw::coordinates() {
  static constexpr LawCoordinate<GemmLaw> kTable[] = {
      {"m", [](const GemmShape& shape) { return std::log2(shape.m); }},
      {"n", [](const GemmShape& shape) { return std::log2(shape.n); }},
      {"k", [](const GemmShape& shape) { return std::log2(shape.k); }},
      {"batch", [](const GemmShape& shape) { return std::log2(shape.batch); }},
  };
  return kTable;
}

}  // namespace helixsim
