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

Operation gemm(std::string_view name, GemmShape shape, double tokens, Precision precision,
               TimeCategory category, bool input_ready) {
  const PrecisionEntry& format = entry(precision);
  const double elements = shape.n * shape.k * shape.batch;
  shape.m = tokens;
  Operation op{.name = name, .kind = OperationKind::Gemm, .category = category};
  op.work.kind = KernelKind::Gemm;
  op.work.math = format.rate;
  op.work.weight_bytes = Bytes(elements * format.bytes_per_element);
  op.work.flops = Flops(2.0 * tokens * elements);
  op.work.format = precision;
  op.work.shape = shape;
  op.work.input_ready = input_ready;
  return op;
}

Operation flash_decode_kernel(double kv_elements, Flops flops, const AttentionShape& shape,
                              const PrecisionPlan& precision) {
  Operation op{
      .name = "attention", .kind = OperationKind::Attention, .category = TimeCategory::Attention};
  op.work.kind = KernelKind::Attention;
  op.work.math = entry(precision.attention_math).rate;
  op.work.kv_bytes = Bytes(kv_elements * bytes_per_element(precision.kv_cache));
  op.work.flops = flops;
  op.work.format = precision.kv_cache;
  op.work.shape = shape;
  return op;
}

Operation elementwise(std::string_view name, TimeCategory category) {
  return {.name = name, .kind = OperationKind::Elementwise, .category = category};
}

Operation included_elementwise(std::string_view name, TimeCategory category) {
  Operation op = elementwise(name, category);
  op.work.included = true;
  return op;
}

}  // namespace helixsim
