#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/llm/hugging_face.hpp"
#include "sim/llm/parameters.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

// Architecture keys of published config.json files, with some of the keys that do not matter.

const char* const kLlama405b = R"({
  "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
  "hidden_size": 16384, "intermediate_size": 53248, "num_hidden_layers": 126,
  "num_attention_heads": 128, "num_key_value_heads": 8, "vocab_size": 128256,
  "rope_scaling": {"rope_type": "llama3", "factor": 8.0}, "rms_norm_eps": 1e-05,
  "max_position_embeddings": 131072, "tie_word_embeddings": false})";

const char* const kDeepseekV3 = R"({
  "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
  "hidden_size": 7168, "intermediate_size": 18432, "moe_intermediate_size": 2048,
  "num_hidden_layers": 61, "first_k_dense_replace": 3, "moe_layer_freq": 1,
  "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8,
  "n_group": 8, "topk_group": 4, "num_nextn_predict_layers": 1,
  "num_attention_heads": 128, "num_key_value_heads": 128,
  "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
  "v_head_dim": 128, "vocab_size": 129280})";

const char* const kQwen3Moe = R"({
  "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe",
  "hidden_size": 4096, "intermediate_size": 12288, "moe_intermediate_size": 1536,
  "num_hidden_layers": 94, "num_experts": 128, "num_experts_per_tok": 8,
  "decoder_sparse_step": 1, "mlp_only_layers": [], "norm_topk_prob": true,
  "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 151936,
  "sliding_window": null, "use_sliding_window": false, "max_window_layers": 94})";

ModelSpec read(const std::string& text) {
  return read_model(parse_json(text, "config.json"));
}

/// The published configuration with some keys changed; null takes a key out.
std::string answer(const char* text, const Json& changes) {
  Json document = Json::parse(text);
  document.merge_patch(changes);
  try {
    (void)read_model(Node(std::make_shared<Json>(document), "config.json"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

void check_same_ffn(const ModelSpec& a, const ModelSpec& b) {
  CHECK(a.hidden == b.hidden);
  CHECK(a.vocabulary == b.vocabulary);
  CHECK(a.dense.layers == b.dense.layers);
  CHECK(a.moe.layers == b.moe.layers);
  if (a.dense.layers > 0) CHECK(a.dense.intermediate == b.dense.intermediate);
  if (a.moe.layers == 0) return;
  CHECK(a.moe.experts == b.moe.experts);
  CHECK(a.moe.experts_per_token == b.moe.experts_per_token);
  CHECK(a.moe.intermediate == b.moe.intermediate);
  CHECK(a.moe.shared_intermediate == b.moe.shared_intermediate);
}

}  // namespace

TEST_CASE("Llama's config.json gives the model that the project ships", "[llm][hugging_face]") {
  const ModelSpec theirs = read(kLlama405b);
  const ModelSpec ours = llama_405b();
  check_same_ffn(theirs, ours);
  const auto& a = std::get<GqaSpec>(theirs.attention);
  const auto& b = std::get<GqaSpec>(ours.attention);
  CHECK(a.query_heads == b.query_heads);
  CHECK(a.kv_heads == b.kv_heads);
  CHECK(a.head_size == b.head_size);  // 16384 / 128, not in the file
}

TEST_CASE("DeepSeek's config.json gives the model that the project ships", "[llm][hugging_face]") {
  const ModelSpec theirs = read(kDeepseekV3);
  const ModelSpec ours = deepseek_r1();
  check_same_ffn(theirs, ours);
  const auto& a = std::get<MlaSpec>(theirs.attention);
  const auto& b = std::get<MlaSpec>(ours.attention);
  CHECK(a.query_heads == b.query_heads);
  CHECK(a.q_lora_rank == b.q_lora_rank);
  CHECK(a.kv_lora_rank == b.kv_lora_rank);
  CHECK(a.qk_nope_head_size == b.qk_nope_head_size);
  CHECK(a.qk_rope_head_size == b.qk_rope_head_size);
  CHECK(a.v_head_size == b.v_head_size);
}

TEST_CASE("a GQA mixture of experts has its own head size and no dense layers",
          "[llm][hugging_face]") {
  const ModelSpec model = read(kQwen3Moe);
  const auto& attention = std::get<GqaSpec>(model.attention);
  CHECK(attention.head_size == 128);  // not 4096 / 64
  CHECK(attention.kv_heads == 4);
  CHECK(model.dense.layers == 0);
  CHECK(model.moe.layers == 94);
  CHECK(model.moe.intermediate == 1536);
  CHECK(model.moe.shared_intermediate == 0);
  CHECK(parameter_count(model) == Approx(235e9).epsilon(1e-3));  // its published name, Qwen3-235B
}

TEST_CASE("without KV heads every query head has its own", "[llm][hugging_face]") {
  Json document = Json::parse(kLlama405b);
  document.erase("num_key_value_heads");
  const auto model = read(document.dump());
  CHECK(std::get<GqaSpec>(model.attention).kv_heads == 128);
}

TEST_CASE("a configuration that lacks or breaks a key is answered at that key",
          "[llm][hugging_face]") {
  CHECK(answer(kLlama405b, {{"vocab_size", nullptr}}) == "config.json: missing key \"vocab_size\"");
  CHECK(answer(kLlama405b, {{"num_key_value_heads", 7}}) ==
        "config.json: /num_key_value_heads: must divide num_attention_heads = 128");
  CHECK(answer(kDeepseekV3, {{"num_experts_per_tok", 257}}) ==
        "config.json: /num_experts_per_tok: 257 is outside [1, 256]");
  CHECK_THAT(answer(kQwen3Moe, {{"head_dim", 0}}),
             Catch::StartsWith("config.json: /head_dim: 0 is outside [1, "));
}

TEST_CASE("an architecture that is not modelled is refused rather than costed as another",
          "[llm][hugging_face]") {
  CHECK(answer(kQwen3Moe, {{"use_sliding_window", true}}) ==
        "config.json: /use_sliding_window: sliding-window attention is not modelled");
  CHECK_THAT(answer(kLlama405b, {{"sliding_window", 4096}}),
             Catch::StartsWith("config.json: /sliding_window: "));
  CHECK_THAT(answer(kLlama405b, {{"layer_types", {"sliding_attention", "full_attention"}}}),
             Catch::StartsWith("config.json: /layer_types"));
  CHECK_THAT(answer(kQwen3Moe, {{"decoder_sparse_step", 2}}),
             Catch::StartsWith("config.json: /decoder_sparse_step: "));
  CHECK_THAT(answer(kQwen3Moe, {{"mlp_only_layers", {0}}}),
             Catch::StartsWith("config.json: /mlp_only_layers"));
  CHECK(answer(kDeepseekV3, {{"index_topk", 2048}}) ==
        "config.json: /index_topk: sparse attention is not modelled");
  CHECK_THAT(answer(kLlama405b, {{"hidden_act", "gelu"}}),
             Catch::StartsWith("config.json: /hidden_act: only gated FFNs"));
  // 10,000 shared experts of 1,000,000 columns do not fit an int.
  CHECK_THAT(answer(kDeepseekV3, {{"n_shared_experts", 10000}, {"moe_intermediate_size", 1000000}}),
             Catch::StartsWith("config.json: /n_shared_experts: "));
  // A window that is switched off says nothing about the attention.
  CHECK(answer(kQwen3Moe, {{"sliding_window", 4096}}) == "accepted");
}
