#include "sim/parallel/strategies/kvp_strategy.hpp"

#include <fmt/format.h>

namespace helixsim {

std::optional<LayoutFault> KvpStrategy::spread_fault(const AttentionKind& attention,
                                                     const ModelSpec& model, const Layout& layout) {
  if (attention.query_heads() % layout.attention_gpus() != 0) {
    return LayoutFault{"kvp",
                       fmt::format("tpa * kvp = {} does not divide the model's {} query heads",
                                   layout.attention_gpus(), attention.query_heads())};
  }
  if (layout.dp == 1) return must_multiply(layout, layout.stage_gpus(), "tpa * kvp");
  if (auto fault = dispatch_fault(model, layout, "with dp above 1")) return fault;
  return must_multiply(layout, layout.stage_gpus(), "tpa * kvp * dp");
}

Widths KvpStrategy::spread_widths(const Layout& layout, const ScheduleOptions& options) {
  const int n = layout.stage_gpus();
  const int group = layout.attention_gpus();
  return {.query = layout.tpa,
          .values = options.merge_before_w_uv ? group : layout.tpa,
          .output = group,
          .dense_ffn = n,
          .shared = shared_expert_width(layout, options, group),
          .vocabulary = n};
}

}  // namespace helixsim
