#include "sim/sweep/scenario.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/sweep/claims.hpp"

using namespace helixsim;

namespace {

Scenario scenario_of(const std::string& text) {
  return read_scenario(parse_json(text, "s.json"), Catalog(HELIXSIM_SOURCE_DIR), {});
}

/// A scenario of one study of R1 over the smoke space with one claim; `change` is merged into it,
/// null removes a key.
Scenario changed(const std::string& change) {
  nlohmann::json document = nlohmann::json::parse(R"({
    "format": "helixsim/scenario/1", "name": "n", "title": "t",
    "studies": [{"model": "deepseek-r1", "search_space": "smoke", "baseline": ["tp"]}],
    "claims": [{"name": "c", "kind": "interactivity_ratio", "model": "deepseek-r1", "context": 1000000}]})");
  const nlohmann::json patch = nlohmann::json::parse(change);
  if (patch.contains("claim")) document["claims"][0].merge_patch(patch["claim"]);
  if (patch.contains("study")) document["studies"][0].merge_patch(patch["study"]);
  if (patch.contains("scenario")) document.merge_patch(patch["scenario"]);
  return scenario_of(document.dump());
}

}  // namespace

TEST_CASE("a study's keys win over those of its scenario", "[sweep][scenario]") {
  const Scenario scenario =
      changed(R"({"scenario": {"kv": "fp8", "fidelity": "ideal"}, "study": {"kv": "bf16"}})");
  REQUIRE(scenario.studies.size() == 1);
  const Study& study = scenario.studies[0];
  CHECK(study.request.fidelity == "ideal");
  CHECK(study.setup.precision.kv_cache == Precision::Bf16);
  CHECK(study.setup.model.name == "deepseek-r1");
  CHECK(study.baseline == std::vector<std::string>{"tp"});
  CHECK(study.space.gpus == std::vector{8, 64});
}

TEST_CASE("options of the schedule are keys of a scenario or a study", "[sweep][scenario]") {
  const Scenario scenario = changed(R"({"scenario": {"moe_exchange": "all_gather"},
    "study": {"merge_before_w_uv": false}})");
  CHECK(scenario.studies[0].setup.options.moe_exchange == MoeExchange::AllGather);
  CHECK_FALSE(scenario.studies[0].setup.options.merge_before_w_uv);
  CHECK_THROWS_WITH(changed(R"({"scenario": {"exchange": "a2a"}})"),
                    "s.json: /exchange: no strategy of the search space takes it; expected dcp");
}

TEST_CASE("a claim is read with its band, published value, baseline and point",
          "[sweep][scenario]") {
  const Scenario scenario = changed(
      R"({"claim": {"band": [1, 2], "published": 1.5, "baseline": ["dp"], "source": "figure 1",
      "overlap_all_reduce": true, "point": {"strategy": "helix", "kvp": 8, "batch": 2}}})");
  const Claim& claim = scenario.claims.at(0);
  CHECK(claim.band.value().low == 1);
  CHECK(claim.band.value().high == 2);
  CHECK(claim.published.value() == 1.5);
  CHECK(claim.baseline == std::vector<std::string>{"dp"});
  CHECK(claim.source == "figure 1");
  CHECK(claim.overlap_all_reduce);
  CHECK(claim.point.has_value());
}

TEST_CASE("a wrong scenario is answered with file, key and what was expected",
          "[sweep][scenario]") {
  const auto [change, message] = GENERATE(table<std::string, std::string>({
      {R"({"scenario": {"claim": []}})", "s.json: /claim: unknown key; did you mean \"claims\"?"},
      {R"({"scenario": {"model": "x"}})",
       "s.json: /model: unknown key; expected one of system, fidelity, precision, weights, kv, "
       "attention_math, activations, all_reduce, overlap_all_reduce, merge_before_w_uv, exchange, "
       "query, moe_exchange, shared_expert, routing, minimum_shard_columns, host_us, ranks, "
       "network, stragglers, "
       "jitter, failed_links, "
       "share_hbm, "
       "experts, kv_append_block, seed, format, name, title, source, studies, claims, assumptions"},
      {R"({"scenario": {"format": "helixsim/scenario/9"}})",
       "s.json: /format: expected \"helixsim/scenario/1\", got \"helixsim/scenario/9\""},
      {R"({"scenario": {"studies": []}})", "s.json: /studies: expected at least one study"},
      {R"({"scenario": {"assumptions": [1]}})", "s.json: /assumptions/0: expected a text, got 1"},
      {R"({"study": {"search_spaces": "smoke"}})",
       "s.json: /studies/0/search_spaces: unknown key; did you mean \"search_space\"?"},
      {R"({"study": {"search_space": "smok"}})",
       "s.json: /studies/0/search_space: no \"smok\" in configs/sweeps; did you mean \"smoke\"?"},
      {R"({"study": {"model": null}})", "s.json: /studies/0: missing key \"model\""},
      {R"({"study": {"baseline": []}})",
       "s.json: /studies/0/baseline: expected at least one strategy"},
      {R"({"study": {"baseline": ["ts"]}})",
       "s.json: /studies/0/baseline/0: unknown name \"ts\"; did you mean \"tp\"?"},
      {R"({"claim": {"bands": [0, 1]}})",
       "s.json: /claims/0/bands: unknown key; did you mean \"band\"?"},
      {R"({"claim": {"kind": "interactivity"}})",
       "s.json: /claims/0/kind: unknown name \"interactivity\"; did you mean "
       "\"interactivity_ratio\"?"},
      {R"({"claim": {"model": "llama-3.1-405b"}})",
       "s.json: /claims/0/model: unknown name \"llama-3.1-405b\"; expected one of deepseek-r1"},
      {R"({"claim": {"context": 5}})",
       "s.json: /claims/0/context: 5 is not a context of the search space"},
      {R"({"claim": {"band": [1]}})", "s.json: /claims/0/band: expected [lowest, highest]"},
      {R"({"claim": {"band": [2, 1]}})", "s.json: /claims/0/band: the lowest is above the highest"},
      {R"({"claim": {"band": 1}})", "s.json: /claims/0/band: expected a list, got 1"},
      {R"({"claim": {"published": "1.5"}})",
       "s.json: /claims/0/published: expected a number, got \"1.5\""},
      {R"({"claim": {"baseline": ["dpp"]}})",
       "s.json: /claims/0/baseline/0: unknown name \"dpp\"; did you mean \"dp\"?"},
      {R"({"claim": {"point": {"strategy": "helix", "hop_b": "off"}}})",
       "s.json: /claims/0/point/hop_b: unknown key; expected one of strategy, tpa, kvp, dp, tpf, "
       "ep, pp, batch"},
      {R"({"claim": {"point": {"strategy": "helix", "tpa": 2, "tpf": 2}}})",
       "s.json: /claims/0/point/tpa: 2 is outside [1, 1]; the model has 1 KV head"},
  }));
  CAPTURE(change);
  CHECK_THROWS_WITH(changed(change), message);
  CHECK_THROWS_AS(changed(change), ConfigError);
}

TEST_CASE("a search space becomes a scenario whose baseline is everything but helix",
          "[sweep][scenario]") {
  const Catalog catalog(HELIXSIM_SOURCE_DIR);
  SetupRequest request;
  request.model = "llama-3.1-405b";
  const Scenario scenario = scenario_of_search_space(
      catalog.read("configs/sweeps", "helix_paper", "FILE"), request, catalog, {});
  CHECK(scenario.name == "helix_paper");
  CHECK(scenario.title == "Every layout of the Helix paper on up to 64 GPUs");
  REQUIRE(scenario.studies.size() == 1);
  CHECK(scenario.studies[0].baseline == std::vector<std::string>{"tp", "dp", "medha"});
  CHECK(scenario.claims.empty());
}

TEST_CASE("every scenario of the project can be read and every claim kind has a row",
          "[sweep][scenario][conformance]") {
  const Catalog catalog(HELIXSIM_SOURCE_DIR);
  for (const std::string& name : catalog.names("scenarios")) {
    CAPTURE(name);
    const Scenario scenario = read_scenario(catalog.read("scenarios", name, "FILE"), catalog, {});
    CHECK_FALSE(scenario.studies.empty());
  }
  for (const ClaimKindEntry& row : claim_kinds()) CHECK_FALSE(row.text.empty());
}
