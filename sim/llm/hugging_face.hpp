#pragma once

#include "sim/config/node.hpp"
#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// True for a document that carries the keys of a Hugging Face config.json rather than this
/// project's format.
bool is_hugging_face_config(const Node& document);

/// Reads the architecture from a Hugging Face config.json: Llama-like dense GQA models, GQA
/// mixtures of experts, and DeepSeek-V3-like MLA models. Keys that do not describe the architecture
/// are ignored. Errors: ConfigError for missing keys and for architectures that are not modelled
/// (sliding windows, ...).
ModelSpec read_hugging_face(const Node& document);

}  // namespace helixsim
