#include "sim/llm/operation.hpp"

namespace helixsim {

std::string_view name_of(OperationKind kind) {
  switch (kind) {
    case OperationKind::Gemm:
      return "gemm";
    case OperationKind::Attention:
      return "attention";
    case OperationKind::Collective:
      return "collective";
    case OperationKind::Elementwise:
      return "elementwise";
  }
  return "";
}

std::string_view name_of(TimeCategory category) {
  switch (category) {
    case TimeCategory::Attention:
      return "attention";
    case TimeCategory::Gemm:
      return "gemm";
    case TimeCategory::Moe:
      return "moe";
    case TimeCategory::Communication:
      return "communication_exposed";
    case TimeCategory::Other:
      return "other";
  }
  return "";
}

Operation gemm(std::string_view name, double elements, double tokens, Precision precision,
               TimeCategory category) {
  const PrecisionEntry& format = entry(precision);
  return {.name = name,
          .kind = OperationKind::Gemm,
          .category = category,
          .work = {.kind = KernelKind::Gemm,
                   .math = format.rate,
                   .weight_bytes = Bytes(elements * format.bytes_per_element),
                   .kv_bytes = {},
                   .flops = Flops(2.0 * tokens * elements)},
          .collective = {},
          .cut_by_hop_b = false,
          .active_experts = 0.0};
}

Operation flash_decode_kernel(double kv_elements, Flops flops, const PrecisionPlan& precision) {
  return {.name = "attention",
          .kind = OperationKind::Attention,
          .category = TimeCategory::Attention,
          .work = {.kind = KernelKind::Attention,
                   .math = entry(precision.attention_math).rate,
                   .weight_bytes = {},
                   .kv_bytes = Bytes(kv_elements * bytes_per_element(precision.kv_cache)),
                   .flops = flops},
          .collective = {},
          .cut_by_hop_b = false,
          .active_experts = 0.0};
}

Operation elementwise(std::string_view name, TimeCategory category) {
  return {.name = name,
          .kind = OperationKind::Elementwise,
          .category = category,
          .work = {},
          .collective = {},
          .cut_by_hop_b = false,
          .active_experts = 0.0};
}

}  // namespace helixsim
