#pragma once

#include <string_view>

#include "sim/config/node.hpp"
#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// Reads how many groups a model's experts form and in how many a token's experts lie. Errors:
/// ConfigError for groups that do not divide the experts, or that are too few for a token's.
void read_expert_groups(const Node& node, std::string_view groups_key,
                        std::string_view per_token_key, MoeFfnSpec& moe);

}  // namespace helixsim
