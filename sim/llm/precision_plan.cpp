#include "sim/llm/precision_plan.hpp"

#include <string>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"

namespace helixsim {

std::span<const WeightClassEntry> weight_classes() {
  static constexpr WeightClassEntry kTable[] = {
      {WeightClass::Attention, "attention"},
      {WeightClass::DenseFfn, "dense_ffn"},
      {WeightClass::RoutedExperts, "routed_experts"},
      {WeightClass::SharedExpert, "shared_expert"},
      {WeightClass::Router, "router"},
      {WeightClass::LmHead, "lm_head"},
      {WeightClass::Embedding, "embedding"},
  };
  return kTable;
}

Precision precision_named(std::string_view name, std::string_view key) {
  if (const auto found = find_precision(name)) return *found;
  throw ConfigError(std::string(key) + ": unknown precision \"" + std::string(name) + "\"" +
                    suggestion(name, names_of(precisions())));
}

void PrecisionPlan::set_weights(std::string_view text, std::string_view key) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    weights.fill(precision_named(text, key));
    return;
  }
  const std::string_view name = text.substr(0, equals);
  for (const WeightClassEntry& row : weight_classes()) {
    if (row.name == name) {
      weights[static_cast<std::size_t>(row.weight_class)] =
          precision_named(text.substr(equals + 1), key);
      return;
    }
  }
  throw ConfigError(std::string(key) + ": unknown weight class \"" + std::string(name) + "\"" +
                    suggestion(name, names_of(weight_classes())));
}

PrecisionPlan PrecisionRequest::over(PrecisionPlan standing) const {
  PrecisionPlan plan = preset.value_or(standing);
  for (const auto& [text, key] : weights) plan.set_weights(text, key);
  plan.kv_cache = kv_cache.value_or(plan.kv_cache);
  plan.attention_math = attention_math.value_or(plan.attention_math);
  plan.activations = activations.value_or(plan.activations);
  return plan;
}

}  // namespace helixsim
