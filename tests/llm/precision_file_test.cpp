#include "sim/llm/precision_file.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"

using namespace helixsim;

namespace {

PrecisionPlan preset(const std::string& name) {
  const Catalog catalog(HELIXSIM_SOURCE_DIR);
  return read_precision_plan(catalog.read("configs/precision", name, "test"));
}

/// The FP4 preset of R1 with a change merged in; null removes a key.
std::string answer(const char* change) {
  nlohmann::json document =
      read_json_file(HELIXSIM_SOURCE_DIR "/configs/precision/deepseek-r1-fp4.json").json();
  document.merge_patch(nlohmann::json::parse(change));
  try {
    (void)read_precision_plan(parse_json(document.dump(), "p.json"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "fine";
}

}  // namespace

TEST_CASE("every preset is read and says its own name and source", "[llm][precision]") {
  const Catalog catalog(HELIXSIM_SOURCE_DIR);
  const auto names = catalog.names("configs/precision");
  CHECK(names.size() >= 4);
  for (const std::string& name : names) {
    CAPTURE(name);
    const Node file = catalog.read("configs/precision", name, "test");
    CHECK_NOTHROW(read_precision_plan(file));
    CHECK(file.text("name") == name);
    CHECK(file.text("source").size() > 20);
  }
}

TEST_CASE("DeepSeek-R1 in FP4 keeps attention weights and router in BF16", "[llm][precision]") {
  const PrecisionPlan plan = preset("deepseek-r1-fp4");
  CHECK(plan.weight(WeightClass::Attention) == Precision::Bf16);
  CHECK(plan.weight(WeightClass::Router) == Precision::Bf16);
  CHECK(plan.weight(WeightClass::LmHead) == Precision::Bf16);
  CHECK(plan.weight(WeightClass::Embedding) == Precision::Bf16);
  CHECK(plan.weight(WeightClass::DenseFfn) == Precision::Nvfp4);
  CHECK(plan.weight(WeightClass::RoutedExperts) == Precision::Nvfp4);
  CHECK(plan.weight(WeightClass::SharedExpert) == Precision::Nvfp4);
  CHECK(plan.kv_cache == Precision::Fp8);
  CHECK(plan.attention_math == Precision::Fp8);
  CHECK(plan.activations == Precision::Bf16);
}

TEST_CASE("FP8 presets differ in their scales", "[llm][precision]") {
  CHECK(preset("deepseek-r1-fp8").weight(WeightClass::Attention) == Precision::Fp8Block);
  CHECK(preset("deepseek-r1-fp8").weight(WeightClass::Router) == Precision::Bf16);
  CHECK(preset("llama-405b-fp8").weight(WeightClass::DenseFfn) == Precision::Fp8);
  CHECK(preset("llama-405b-fp4").weight(WeightClass::Attention) == Precision::Nvfp4);
}

TEST_CASE("a wrong preset is answered at its key", "[llm][precision]") {
  CHECK(answer("{}") == "fine");
  CHECK(answer(R"({"weights": {"router": null}})") == "p.json: /weights: missing key \"router\"");
  CHECK(answer(R"({"weights": {"routers": "bf16"}})") ==
        "p.json: /weights/routers: unknown key; did you mean \"router\"?");
  CHECK(answer(R"({"kv": "fp9"})") ==
        "p.json: /kv: unknown precision \"fp9\"; did you mean \"fp8\"?");
  CHECK(answer(R"({"source": null})") == "p.json: missing key \"source\"");
}
