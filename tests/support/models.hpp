#pragma once

#include "sim/config/json_file.hpp"
#include "sim/llm/model_file.hpp"

namespace helixsim {

inline ModelSpec llama_405b() {
  return read_model(read_json_file(HELIXSIM_SOURCE_DIR "/configs/models/llama-3.1-405b.json"));
}

inline ModelSpec deepseek_r1() {
  return read_model(read_json_file(HELIXSIM_SOURCE_DIR "/configs/models/deepseek-r1.json"));
}

/// Dense, 16 query heads on 4 KV heads, 6 layers.
inline ModelSpec small_gqa_model() {
  return {.name = "small-gqa",
          .title = "Small GQA",
          .hidden = 2048,
          .vocabulary = 32000,
          .attention = GqaSpec{.query_heads = 16, .kv_heads = 4, .head_size = 128},
          .dense = {.layers = 6, .intermediate = 8192},
          .moe = {},
          .published_parameters = {}};
}

/// MLA with 16 heads, 1 dense layer and 4 of 32 experts with a shared one.
inline ModelSpec small_mla_moe_model() {
  return {.name = "small-mla-moe",
          .title = "Small MLA MoE",
          .hidden = 2048,
          .vocabulary = 32000,
          .attention = MlaSpec{.query_heads = 16,
                               .q_lora_rank = 512,
                               .kv_lora_rank = 256,
                               .qk_nope_head_size = 64,
                               .qk_rope_head_size = 32,
                               .v_head_size = 64},
          .dense = {.layers = 1, .intermediate = 8192},
          .moe = {.layers = 4,
                  .experts = 32,
                  .experts_per_token = 4,
                  .intermediate = 1024,
                  .shared_intermediate = 1024},
          .published_parameters = {}};
}

}  // namespace helixsim
