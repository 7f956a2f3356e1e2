#pragma once

#include <optional>
#include <string>
#include <variant>

namespace helixsim {

/// Grouped-query attention (also multi-head and multi-query): K and V per KV head.
struct GqaSpec {
  int query_heads = 1;
  int kv_heads = 1;
  int head_size = 1;
};

/// Multi-head latent attention: one latent of kv_lora_rank and one rotary key per token, shared by
/// all query heads.
struct MlaSpec {
  int query_heads = 1;
  int q_lora_rank = 1;
  int kv_lora_rank = 1;
  int qk_nope_head_size = 1;
  int qk_rope_head_size = 1;
  int v_head_size = 1;
};

/// Gate, up and down projections over `intermediate` columns (SwiGLU).
struct DenseFfnSpec {
  int layers = 0;
  int intermediate = 1;
};

/// Routed experts of the same form, and shared experts that every token uses (0 columns when there
/// are none).
struct MoeFfnSpec {
  int layers = 0;
  int experts = 1;
  int experts_per_token = 1;
  int intermediate = 1;
  int shared_intermediate = 0;
  int groups = 1;            ///< of equally many experts, for group-limited routing
  int groups_per_token = 1;  ///< in which the experts of a token lie
};

/// The architecture of a decoder-only model. `dense.layers + moe.layers` is the number of layers;
/// dense ones come first.
struct ModelSpec {
  std::string name;
  std::string title;
  int hidden = 1;
  int vocabulary = 1;
  std::variant<GqaSpec, MlaSpec> attention;
  DenseFfnSpec dense;
  MoeFfnSpec moe;
  std::optional<double> published_parameters;

  [[nodiscard]] int layers() const { return dense.layers + moe.layers; }
};

}  // namespace helixsim
