#include "sim/llm/hugging_face.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/llm/expert_groups.hpp"

namespace helixsim {
namespace {

constexpr Range<long long> kSizes{1, 10'000'000};
constexpr Range<long long> kLayers{1, 10'000};
constexpr Range<long long> kExperts{1, 100'000};

int size_of(const Node& node, std::string_view key) {
  return static_cast<int>(node.integer(key, kSizes));
}

bool has_value(const Node& node, std::string_view key) {
  return node.has(key) && !node.at(key).json().is_null();
}

int size_or(const Node& node, std::string_view key, int fallback) {
  return has_value(node, key) ? static_cast<int>(node.integer(key, {0, kSizes.high})) : fallback;
}

/// Experts go by several names in published configurations.
std::string first_of(const Node& node, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (has_value(node, key)) return std::string(key);
  }
  return {};
}

std::variant<GqaSpec, MlaSpec> attention_of(const Node& node) {
  const int heads = size_of(node, "num_attention_heads");
  if (has_value(node, "kv_lora_rank")) {
    return MlaSpec{.query_heads = heads,
                   .q_lora_rank = size_of(node, "q_lora_rank"),
                   .kv_lora_rank = size_of(node, "kv_lora_rank"),
                   .qk_nope_head_size = size_of(node, "qk_nope_head_dim"),
                   .qk_rope_head_size = size_of(node, "qk_rope_head_dim"),
                   .v_head_size = size_of(node, "v_head_dim")};
  }
  const int kv_heads = size_or(node, "num_key_value_heads", heads);
  if (kv_heads < 1 || heads % kv_heads != 0) {
    node.at("num_key_value_heads")
        .fail("must divide num_attention_heads = " + std::to_string(heads));
  }
  return GqaSpec{.query_heads = heads,
                 .kv_heads = kv_heads,
                 .head_size = has_value(node, "head_dim")
                                  ? size_of(node, "head_dim")
                                  : std::max(1, size_of(node, "hidden_size") / heads)};
}

MoeFfnSpec moe_of(const Node& node, const std::string& experts_key) {
  const int intermediate =
      size_of(node, has_value(node, "moe_intermediate_size") ? "moe_intermediate_size"
                                                             : "intermediate_size");
  const long long shared =
      static_cast<long long>(size_or(node, "n_shared_experts", 0)) * intermediate;
  if (shared > kSizes.high)
    node.at("n_shared_experts").fail("the shared experts have more than 10,000,000 columns");
  MoeFfnSpec moe{.layers = 0,
                 .experts = static_cast<int>(node.integer(experts_key, kExperts)),
                 .experts_per_token = 1,
                 .intermediate = intermediate,
                 .shared_intermediate =
                     size_or(node, "shared_expert_intermediate_size", static_cast<int>(shared))};
  moe.experts_per_token = static_cast<int>(node.integer("num_experts_per_tok", {1, moe.experts}));
  if (has_value(node, "n_group") && has_value(node, "topk_group")) {
    read_expert_groups(node, "n_group", "topk_group", moe);
  }
  return moe;
}

/// Refuses what would be costed as something else.
void refuse_unmodelled(const Node& node) {
  if (has_value(node, "use_sliding_window")) {
    if (node.boolean("use_sliding_window", false)) {
      node.at("use_sliding_window").fail("sliding-window attention is not modelled");
    }
  } else if (has_value(node, "sliding_window")) {
    node.at("sliding_window").fail("sliding-window attention is not modelled");
  }
  if (has_value(node, "layer_types")) {
    for (const Node& kind : node.array("layer_types")) {
      if (kind.as_text() != "full_attention") kind.fail("only full_attention is modelled");
    }
  }
  if (has_value(node, "index_topk")) node.at("index_topk").fail("sparse attention is not modelled");
  for (const std::string_view activation : {"hidden_act", "hidden_activation"}) {
    if (!has_value(node, activation)) continue;
    const std::string name = node.text(activation);
    if (name != "silu" && name != "swish" && name != "gelu_pytorch_tanh") {
      node.at(activation)
          .fail("only gated FFNs (silu, swish, gelu_pytorch_tanh) are modelled, got \"" + name +
                "\"");
    }
  }
  if (has_value(node, "mlp_only_layers") && !node.array("mlp_only_layers").empty()) {
    node.at("mlp_only_layers").fail("dense layers among expert layers are not modelled");
  }
  for (const std::string_view step :
       {"decoder_sparse_step", "moe_layer_freq", "interleave_moe_layer_step"}) {
    if (has_value(node, step) && node.integer(step, kSizes) != 1) {
      node.at(step).fail("dense layers among expert layers are not modelled");
    }
  }
}

}  // namespace

bool is_hugging_face_config(const Node& document) {
  return document.has("num_hidden_layers") && document.has("hidden_size");
}

ModelSpec read_hugging_face(const Node& document) {
  refuse_unmodelled(document);
  const int layers = static_cast<int>(document.integer("num_hidden_layers", kLayers));
  const std::string family = document.text("model_type", "model");
  const std::string name = document.text("_name_or_path", family);
  ModelSpec model{.name = name.empty() ? family : name,
                  .title = name.empty() ? family : name,
                  .hidden = size_of(document, "hidden_size"),
                  .vocabulary = size_of(document, "vocab_size"),
                  .attention = attention_of(document),
                  .dense = {.layers = layers, .intermediate = 1},
                  .moe = {},
                  .published_parameters = {}};
  const std::string experts =
      first_of(document, {"n_routed_experts", "num_local_experts", "num_experts"});
  if (!experts.empty()) {
    model.moe = moe_of(document, experts);
    model.dense.layers = std::min(size_or(document, "first_k_dense_replace", 0), layers);
    model.moe.layers = layers - model.dense.layers;
  }
  if (model.dense.layers > 0) model.dense.intermediate = size_of(document, "intermediate_size");
  return model;
}

}  // namespace helixsim
