#pragma once

#include <span>

#include "hw_models/laws/law_parameter.hpp"

namespace helixsim {

/// y[m, n] = x[m, k] W[n, k], `batch` times with weights of their own.
struct GemmShape {
  double m = 1;
  double n = 1;
  double k = 1;
  double batch = 1;

  bool operator==(const GemmShape&) const = default;
};

/// Weights of a GEMM.
inline double elements(const GemmShape& shape) {
  return shape.n * shape.k * shape.batch;
}

/// Time of a dense or batched GEMM of few rows: few CTAs stream K, or HBM streams W.
///
///     Tm     = clamp(power of two >= m, 16, tile_rows)
///     tiles  = batch ceil(m/Tm) ceil(n/tile_columns)
///     s      = split-K, as many as keep tiles s <= SMs, at most max_splits and k/512
///     waves  = ceil(tiles s / SMs)
///     stream = waves (k/s) norm6(per_k, 2 Tm tile_columns / (efficiency peak / SMs))
///     memory = (W + 2mk + 2mn bytes) / bandwidth, L2-aware (MemoryReach)
///     t      = fixed + norm(memory, stream) + quantise 2mk + split log2(s) + wave (waves - 1)
///
/// Source: fitted to measured kernels, docs/decisions/0008-measured-laws.md.
struct GemmLaw {
  using Shape = GemmShape;

  double fixed = 3e-6;          ///< s
  double per_k = 1e-9;          ///< s for an element of K in one CTA
  double bandwidth = 7e12;      ///< bytes/s
  double l2_bandwidth = 15e12;  ///< bytes/s
  double l2_part = 0.6;
  double efficiency = 0.8;  ///< of the peak
  double quantise = 1e-13;  ///< s a byte of x
  double split = 0.3e-6;    ///< s
  double wave = 0.3e-6;     ///< s
  double sharpness = 4.0;   ///< of the change between limits

  int tile_columns = 128;
  int tile_rows = 128;
  int max_splits = 1;

  double weight_bytes = 2.0;  ///< an element
  double peak = 1e15;         ///< flops/s
  double most_copies = 5.0;   ///< of W, that the benchmark goes through until they fill L2
  LawGpu gpu;

  [[nodiscard]] LawTerms terms(const GemmShape& shape, bool cold) const;
  [[nodiscard]] double seconds(const GemmShape& shape, bool cold) const {
    return terms(shape, cold).total;
  }

  static std::span<const LawParameter<GemmLaw>> parameters();
  static std::span<const LawChoice<GemmLaw>> choices();
  static std::span<const LawFact<GemmLaw>> facts();
  static std::span<const LawCoordinate<GemmLaw>> coordinates();
};

}  // namespace helixsim
