#include "sim/llm/expert_groups.hpp"

#include <string>

namespace helixsim {

void read_expert_groups(const Node& node, std::string_view groups_key,
                        std::string_view per_token_key, MoeFfnSpec& moe) {
  moe.groups = static_cast<int>(node.integer(groups_key, {1, moe.experts}));
  moe.groups_per_token = static_cast<int>(node.integer(per_token_key, {1, moe.groups}));
  if (moe.experts % moe.groups != 0) {
    node.at(groups_key).fail("must divide the " + std::to_string(moe.experts) + " experts");
  }
  const int candidates = moe.experts / moe.groups * moe.groups_per_token;
  if (candidates < moe.experts_per_token) {
    node.at(per_token_key)
        .fail("leaves a token " + std::to_string(candidates) + " experts; it chooses " +
              std::to_string(moe.experts_per_token));
  }
}

}  // namespace helixsim
