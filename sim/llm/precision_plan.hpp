#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/units/precision.hpp"

namespace helixsim {

/// Classes of weights that may be stored in different formats.
enum class WeightClass {
  Attention,
  DenseFfn,
  RoutedExperts,
  SharedExpert,
  Router,
  LmHead,
  Embedding
};
inline constexpr int kWeightClasses = 7;

struct WeightClassEntry {
  WeightClass weight_class;
  std::string_view name;
};
std::span<const WeightClassEntry> weight_classes();

/// Formats of weights by class, of the KV cache, of attention arithmetic and of activations.
/// Defaults are those of the Helix paper: FP4 weights, KV cache and arithmetic; exchanged
/// activations in BF16.
struct PrecisionPlan {
  std::array<Precision, kWeightClasses> weights = {Precision::Fp4, Precision::Fp4, Precision::Fp4,
                                                   Precision::Fp4, Precision::Fp4, Precision::Fp4,
                                                   Precision::Fp4};
  Precision kv_cache = Precision::Fp4;
  Precision attention_math = Precision::Fp4;
  Precision activations = Precision::Bf16;

  [[nodiscard]] Precision weight(WeightClass which) const {
    return weights[static_cast<std::size_t>(which)];
  }
  /// Applies "fp4" (all classes) or "attention=bf16" (one). Errors: ConfigError with the nearest
  /// name; `key` is what messages call the place.
  void set_weights(std::string_view text, std::string_view key);
};

/// Formats as a user asks for them, over those that stand where nothing is asked for.
struct PrecisionRequest {
  std::optional<PrecisionPlan> preset{};                       ///< instead of those that stand
  std::vector<std::pair<std::string, std::string>> weights{};  ///< of set_weights: text and key
  std::optional<Precision> kv_cache{};
  std::optional<Precision> attention_math{};
  std::optional<Precision> activations{};

  [[nodiscard]] PrecisionPlan over(PrecisionPlan standing) const;
};

/// A format by name. Errors: ConfigError with the nearest name.
Precision precision_named(std::string_view name, std::string_view key);

}  // namespace helixsim
