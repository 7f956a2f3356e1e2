#include "sim/sweep/scenario.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "sim/config/suggest.hpp"
#include "sim/sweep/band.hpp"
#include "sim/sweep/claims.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

std::vector<std::string> read_strategies(const Node& node) {
  const std::vector<std::string> known = names_of(strategies());
  std::vector<std::string> names;
  for (const Node& name : node.elements()) names.push_back(known[name.as_choice(known)]);
  if (names.empty()) node.fail("expected at least one strategy");
  return names;
}

/// Keys of a setup that the whole scenario shares, and those of one study over them.
SetupRequest study_request(const Node& scenario, const Node& study, const Catalog& catalog) {
  SetupRequest request;
  read_setup_keys(scenario, catalog, request);
  read_setup_keys(study, catalog, request);
  return request;
}

std::vector<const StrategyEntry*> strategies_of(const SearchSpace& space) {
  std::vector<const StrategyEntry*> all;
  for (const StrategySpace& one : space.strategies) all.push_back(one.strategy);
  return all;
}

Study read_study(const Node& scenario, const Node& node, const Catalog& catalog,
                 std::span<const Override> overrides) {
  std::vector<std::string_view> keys = setup_keys();
  keys.insert(keys.end(), {"search_space", "baseline"});
  node.allow_only(keys);
  const SetupRequest request = study_request(scenario, node, catalog);
  if (request.model.empty()) node.fail("missing key \"model\"");
  const Node space =
      catalog.read("configs/sweeps", node.text("search_space"), node.place() + "/search_space");
  Study study{.request = request,
              .setup = make_setup(request, catalog, overrides),
              .space = read_search_space(space),
              .baseline = {}};
  check_options(request.given_options, strategies_of(study.space));
  if (node.has("baseline")) study.baseline = read_strategies(node.at("baseline"));
  return study;
}

Claim read_claim(const Node& node, const std::vector<Study>& studies) {
  node.allow_only({"name", "kind", "model", "context", "published", "band", "source",
                   "overlap_all_reduce", "baseline", "point"});
  const auto kinds = claim_kinds();
  Claim claim{.name = node.text("name"),
              .kind = std::string(kinds[node.choice("kind", names_of(kinds))].name),
              .model = {},
              .context = 1e6,
              .published = {},
              .band = {},
              .source = node.text("source", ""),
              .overlap_all_reduce = node.boolean("overlap_all_reduce", false),
              .baseline = {},
              .point = {}};
  std::vector<std::string> models;
  for (const Study& study : studies) models.push_back(study.request.model);
  const std::size_t study = node.choice("model", models);
  claim.model = models[study];
  const auto& contexts = studies[study].space.contexts;
  if (node.has("context")) claim.context = read_context(node.at("context"));
  const bool runs = std::find(contexts.begin(), contexts.end(), claim.context) != contexts.end();
  if (!runs && !claim_kind(claim.kind).all_contexts) {
    (node.has("context") ? node.at("context") : node)
        .fail(format_tokens(claim.context) + " is not a context of the search space");
  }
  if (node.has("published")) claim.published = node.number("published", {-1e12, 1e12});
  if (node.has("band")) claim.band = read_band(node.at("band"));
  if (node.has("baseline")) claim.baseline = read_strategies(node.at("baseline"));
  if (node.has("point")) {
    claim.point = node.object("point");
    std::vector<std::string_view> keys = point_keys();
    std::erase(keys, "context");
    std::erase(keys, "hop_b");
    claim.point->allow_only(keys);
    (void)read_point(*claim.point, studies[study].setup);
  }
  return claim;
}

}  // namespace

Scenario read_scenario(const Node& document, const Catalog& catalog,
                       std::span<const Override> setup_overrides) {
  document.expect("format", "helixsim/scenario/1");
  std::vector<std::string_view> keys = setup_keys();
  std::erase(keys, "model");
  keys.insert(keys.end(),
              {"format", "name", "title", "source", "studies", "claims", "assumptions"});
  document.allow_only(keys);
  Scenario scenario{.name = document.text("name"),
                    .title = document.text("title"),
                    .source = document.text("source", ""),
                    .studies = {},
                    .claims = {},
                    .assumptions = {}};
  for (const Node& study : document.array("studies")) {
    scenario.studies.push_back(read_study(document, study, catalog, setup_overrides));
  }
  std::set<std::string> models;
  for (std::size_t i = 0; i < scenario.studies.size(); ++i) {
    if (!models.insert(scenario.studies[i].request.model).second) {
      document.array("studies")[i].at("model").fail(
          "is studied twice; claims could not tell the studies apart");
    }
  }
  if (scenario.studies.empty()) document.at("studies").fail("expected at least one study");
  if (document.has("claims")) {
    for (const Node& claim : document.array("claims"))
      scenario.claims.push_back(read_claim(claim, scenario.studies));
  }
  if (document.has("assumptions")) {
    for (const Node& line : document.array("assumptions"))
      scenario.assumptions.push_back(line.as_text());
  }
  return scenario;
}

Scenario scenario_of_search_space(const Node& document, const SetupRequest& request,
                                  const Catalog& catalog,
                                  std::span<const Override> setup_overrides) {
  SearchSpace space = read_search_space(document);
  check_options(request.given_options, strategies_of(space));
  const std::string name = std::filesystem::path(document.file()).stem().string();
  Scenario scenario{.name = name,
                    .title = space.title.empty() ? name : space.title,
                    .source = {},
                    .studies = {},
                    .claims = {},
                    .assumptions = {}};
  Study study{.request = request,
              .setup = make_setup(request, catalog, setup_overrides),
              .space = std::move(space),
              .baseline = {}};
  for (const StrategySpace& strategy : study.space.strategies) {
    if (strategy.strategy->name != "helix") study.baseline.emplace_back(strategy.strategy->name);
  }
  scenario.studies.push_back(std::move(study));
  return scenario;
}

}  // namespace helixsim
