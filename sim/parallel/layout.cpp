#include "sim/parallel/layout.hpp"

#include <fmt/format.h>

namespace helixsim {

std::string to_text(const Layout& layout) {
  std::string text;
  const auto add = [&](const char* name, int width) {
    if (width > 1) text += fmt::format("{}{} {}", text.empty() ? "" : " ", name, width);
  };
  add("tpa", layout.tpa);
  add("kvp", layout.kvp);
  add("dp", layout.dp);
  add("tpf", layout.tpf);
  add("ep", layout.ep);
  add("pp", layout.pp);
  return text.empty() ? "1 GPU" : text;
}

std::optional<LayoutFault> must_be_one(const char* field, int value, const char* strategy) {
  if (value == 1) return std::nullopt;
  return LayoutFault{field, fmt::format("{} is outside [1, 1] for strategy {}", value, strategy)};
}

std::optional<LayoutFault> must_multiply(const Layout& layout, int expected,
                                         const char* expected_text) {
  if (bounded_product(layout.tpf, layout.ep) == expected) return std::nullopt;
  return LayoutFault{"tpf",
                     fmt::format("tpf * ep = {} * {} = {}, expected {} = {}", layout.tpf, layout.ep,
                                 bounded_product(layout.tpf, layout.ep), expected_text, expected)};
}

std::optional<LayoutFault> common_fault(const ModelSpec& model, const AttentionKind& attention,
                                        const Layout& layout) {
  if (layout.pp > model.layers()) {
    return LayoutFault{"pp", fmt::format("{} is outside [1, {}]; the model has {} layers",
                                         layout.pp, model.layers(), model.layers())};
  }
  if (attention.query_heads() % layout.tpa != 0) {
    return LayoutFault{"tpa", fmt::format("{} does not divide the model's {} query heads",
                                          layout.tpa, attention.query_heads())};
  }
  if (model.moe.layers == 0 && layout.ep != 1) {
    return LayoutFault{"ep",
                       fmt::format("{} is outside [1, 1]; the model has no experts", layout.ep)};
  }
  if (model.moe.layers > 0 && model.moe.experts % layout.ep != 0) {
    return LayoutFault{"ep", fmt::format("{} does not divide the model's {} experts", layout.ep,
                                         model.moe.experts)};
  }
  const int narrowest = model.moe.layers > 0 ? model.moe.intermediate : model.dense.intermediate;
  if (layout.tpf > narrowest) {
    return LayoutFault{
        "tpf", fmt::format("{} is outside [1, {}], the columns of the FFN", layout.tpf, narrowest)};
  }
  return std::nullopt;
}

}  // namespace helixsim
