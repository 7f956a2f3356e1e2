#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "sim/config/node.hpp"
#include "sim/llm/attention/attention_kind.hpp"

namespace helixsim {

using AttentionSpec = std::variant<GqaSpec, MlaSpec>;

struct AttentionKindEntry {
  std::string_view name;
  std::string_view summary;
  AttentionSpec (*read)(const Node& node);
};

/// Every attention kind that a model file can name.
std::span<const AttentionKindEntry> attention_kinds();

/// Reads `{"kind": "gqa", ...}`. Errors: ConfigError.
AttentionSpec read_attention(const Node& node);

/// The kind's behaviour for a model of hidden size `hidden`.
std::unique_ptr<const AttentionKind> make_attention(const AttentionSpec& spec, int hidden);

std::unique_ptr<const AttentionKind> make_gqa(const GqaSpec& spec, int hidden);
std::unique_ptr<const AttentionKind> make_mla(const MlaSpec& spec, int hidden);
AttentionSpec read_gqa(const Node& node);
AttentionSpec read_mla(const Node& node);

}  // namespace helixsim
