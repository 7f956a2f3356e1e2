#include "sim/units/precision.hpp"

namespace helixsim {
namespace {

constexpr PrecisionEntry kPrecisions[] = {
    {Precision::Bf16, "bf16", 2.0, MathRate::Bf16},
    {Precision::Fp8, "fp8", 1.0, MathRate::Fp8},
    {Precision::Fp8Block, "fp8_block", 1.0 + 4.0 / (128.0 * 128.0), MathRate::Fp8},
    {Precision::Nvfp4, "nvfp4", 0.5 + 1.0 / 16.0, MathRate::Fp4},
    {Precision::Fp4, "fp4", 0.5, MathRate::Fp4},
};

}  // namespace

std::span<const PrecisionEntry> precisions() {
  return kPrecisions;
}

const PrecisionEntry& entry(Precision precision) {
  return kPrecisions[static_cast<std::size_t>(precision)];
}

std::optional<Precision> find_precision(std::string_view name) {
  for (const PrecisionEntry& row : kPrecisions) {
    if (row.name == name) return row.precision;
  }
  return std::nullopt;
}

}  // namespace helixsim
