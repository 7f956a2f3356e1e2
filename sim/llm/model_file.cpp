#include "sim/llm/model_file.hpp"

#include <cmath>

#include "sim/llm/attention/registry.hpp"
#include "sim/llm/expert_groups.hpp"
#include "sim/llm/hugging_face.hpp"
#include "sim/llm/parameters.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr Range<long long> kSizes{1, 10'000'000};
constexpr Range<long long> kLayers{0, 10'000};

DenseFfnSpec read_dense(const Node& node) {
  node.allow_only({"layers", "intermediate"});
  return {.layers = static_cast<int>(node.integer("layers", kLayers)),
          .intermediate = static_cast<int>(node.integer("intermediate", kSizes))};
}

MoeFfnSpec read_moe(const Node& node) {
  node.allow_only({"layers", "experts", "experts_per_token", "intermediate", "shared_intermediate",
                   "groups", "groups_per_token"});
  MoeFfnSpec moe{.layers = static_cast<int>(node.integer("layers", kLayers)),
                 .experts = static_cast<int>(node.integer("experts", {1, 100'000})),
                 .experts_per_token = 1,
                 .intermediate = static_cast<int>(node.integer("intermediate", kSizes)),
                 .shared_intermediate =
                     static_cast<int>(node.integer("shared_intermediate", {0, kSizes.high}))};
  moe.experts_per_token = static_cast<int>(node.integer("experts_per_token", {1, moe.experts}));
  if (node.has("groups")) read_expert_groups(node, "groups", "groups_per_token", moe);
  return moe;
}

ModelSpec read_own_format(const Node& document) {
  document.expect("format", "helixsim/model/1");
  document.allow_only({"format", "name", "title", "source", "hidden", "vocabulary", "attention",
                       "dense_ffn", "moe_ffn", "published_parameters"});
  ModelSpec model{.name = document.text("name"),
                  .title = document.text("title", document.text("name")),
                  .hidden = static_cast<int>(document.integer("hidden", kSizes)),
                  .vocabulary = static_cast<int>(document.integer("vocabulary", kSizes)),
                  .attention = read_attention(document.object("attention")),
                  .dense = {},
                  .moe = {},
                  .published_parameters = {}};
  if (document.has("dense_ffn")) model.dense = read_dense(document.object("dense_ffn"));
  if (document.has("moe_ffn")) model.moe = read_moe(document.object("moe_ffn"));
  if (document.has("published_parameters")) {
    model.published_parameters = document.number("published_parameters", {1.0, 1e15});
  }
  return model;
}

}  // namespace

ModelSpec read_model(const Node& document) {
  const ModelSpec model =
      is_hugging_face_config(document) ? read_hugging_face(document) : read_own_format(document);
  if (model.layers() < 1) document.fail("expected at least one layer in dense_ffn or moe_ffn");
  if (model.published_parameters) {
    const double counted = parameter_count(model);
    if (std::abs(counted / *model.published_parameters - 1.0) > 1e-3) {
      document.at("published_parameters")
          .fail("the architecture has " + format_exact(counted) +
                " parameters, more than 0.1 % off");
    }
  }
  return model;
}

}  // namespace helixsim
