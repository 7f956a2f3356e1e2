#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace helixsim {

/// Storage formats of weights, KV cache and activations, and the arithmetic they run in.
enum class Precision { Bf16, Fp8, Fp8Block, Nvfp4, Fp4 };

/// The tensor-core rate class of a format: scales change bytes, not the rate.
enum class MathRate { Bf16, Fp8, Fp4 };

struct PrecisionEntry {
  Precision precision;
  std::string_view name;
  double bytes_per_element;  ///< with scales where the format has them
  MathRate rate;
};

/// Every format. Bytes: bf16 2, fp8 1, fp8_block 1 + one FP32 scale for each 128 x 128 block, nvfp4
/// 0.5 + one FP8 scale for 16 elements = 0.5625, fp4 exactly 0.5 (as the Helix paper counts it).
std::span<const PrecisionEntry> precisions();

const PrecisionEntry& entry(Precision precision);
inline double bytes_per_element(Precision precision) {
  return entry(precision).bytes_per_element;
}
std::optional<Precision> find_precision(std::string_view name);

}  // namespace helixsim
