#include "sim/llm/parameters.hpp"

#include "sim/llm/attention/registry.hpp"
#include "sim/llm/ffn/ffn_kind.hpp"

namespace helixsim {

double parameter_count(const ModelSpec& model) {
  const auto attention = make_attention(model.attention, model.hidden);
  const auto heads = static_cast<double>(attention->query_heads());
  const AttentionShard whole{.requests = 1,
                             .kv_tokens = 1,
                             .query_heads = heads,
                             .kv_heads = static_cast<double>(attention->kv_heads()),
                             .projected_heads = heads,
                             .value_heads = heads,
                             .output_heads = heads};
  const double moe_layer = model.moe.layers == 0
                               ? 0.0
                               : router_elements(model) + routed_expert_elements(model, 1, 1) +
                                     shared_expert_elements(model, 1);
  return model.layers() * attention->weight_elements(whole) +
         model.dense.layers * dense_ffn_elements(model, 1) + model.moe.layers * moe_layer +
         2.0 * model.vocabulary * model.hidden;
}

}  // namespace helixsim
