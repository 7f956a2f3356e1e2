#include "sim/llm/attention/registry.hpp"

#include "sim/config/suggest.hpp"

namespace helixsim {

std::span<const AttentionKindEntry> attention_kinds() {
  static constexpr AttentionKindEntry kTable[] = {
      {"gqa", "grouped-query attention, multi-head and multi-query included", read_gqa},
      {"mla", "multi-head latent attention with absorbed projections", read_mla},
  };
  return kTable;
}

AttentionSpec read_attention(const Node& node) {
  const auto kinds = attention_kinds();
  return kinds[node.choice("kind", names_of(kinds))].read(node);
}

std::unique_ptr<const AttentionKind> make_attention(const AttentionSpec& spec, int hidden) {
  if (const auto* gqa = std::get_if<GqaSpec>(&spec)) return make_gqa(*gqa, hidden);
  return make_mla(std::get<MlaSpec>(spec), hidden);
}

}  // namespace helixsim
