#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/decode/request.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;
using Catch::Matchers::Equals;

namespace {

Point read(const ModelSpec& model, const std::string& text) {
  return read_point(parse_json(text, "demo.json"), make_setup(model, "paper", {}));
}

std::string answer(const ModelSpec& model, const std::string& text) {
  try {
    (void)read(model, text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

SetupRequest read_setup(const std::string& text) {
  SetupRequest request;
  read_setup_keys(parse_json(text, "demo.json"), Catalog(HELIXSIM_SOURCE_DIR), request);
  return request;
}

}  // namespace

TEST_CASE("widths that are left out are one and tpf fills the FFN", "[decode][request]") {
  const Point point = read(deepseek_r1(), R"({"strategy": "helix", "kvp": 64, "ep": 8})");
  CHECK(point.layout == Layout{.kvp = 64, .tpf = 8, .ep = 8});
  CHECK(point.batch == 1);
  CHECK(point.context == 1e6);
  CHECK(point.hop_b == HopB{});
  CHECK(read(llama_405b(), R"({"strategy": "medha", "tpa": 8, "kvp": 8})").layout.tpf == 8);
  CHECK(read(llama_405b(), R"({"strategy": "dp", "tpa": 8, "dp": 8, "batch": 8})").layout.tpf ==
        64);
}

TEST_CASE("a context is a number or a text with a prefix", "[decode][request]") {
  const auto context = [](const std::string& value) {
    return read(llama_405b(), R"({"strategy": "tp", "context": )" + value + "}").context;
  };
  CHECK(context("64000") == 64e3);
  CHECK(context("\"64k\"") == 64e3);
  CHECK(context("\"1M\"") == 1e6);
  CHECK(context("1") == 1);
  CHECK(context("1e12") == 1e12);
}

TEST_CASE("a wrong context is answered with what it could be", "[decode][request]") {
  const auto context = [](const std::string& value) {
    return answer(llama_405b(), R"({"strategy": "tp", "context": )" + value + "}");
  };
  CHECK(context("0") == "demo.json: /context: 0 is outside [1, 1000000000000]");
  CHECK(context("-5") == "demo.json: /context: -5 is outside [1, 1000000000000]");
  CHECK(context("\"0\"") == "demo.json: /context: \"0\" is outside [1, 1e12]");
  CHECK(context("\"2e12\"") == "demo.json: /context: \"2e12\" is outside [1, 1e12]");
  CHECK(
      context("\"a lot\"") ==
      "demo.json: /context: expected a count of tokens, such as 1000000 or \"1M\", got \"a lot\"");
  CHECK(context("true") == "demo.json: /context: expected a number, got true");
}

TEST_CASE("HOP-B is a chunk count or a mode", "[decode][request]") {
  const auto hop_b = [](const std::string& value) {
    return read(llama_405b(),
                R"({"strategy": "helix", "tpa": 8, "kvp": 8, "batch": 8, "hop_b": )" + value + "}")
        .hop_b;
  };
  CHECK(hop_b("4") == HopB{HopBMode::Chunks, 4});
  CHECK(hop_b("\"4\"") == HopB{HopBMode::Chunks, 4});
  CHECK(hop_b("8").chunks == 8);
  CHECK(hop_b("\"best\"").mode == HopBMode::Best);
}

TEST_CASE("every wrong point is answered at the key to blame", "[decode][request]") {
  const ModelSpec llama = llama_405b();
  CHECK(answer(llama, R"({"strategy": "helixx"})") ==
        "demo.json: /strategy: unknown name \"helixx\"; did you mean \"helix\"?");
  CHECK(answer(llama, "{}") == "demo.json: missing key \"strategy\"");
  CHECK(answer(llama, R"({"strategy": "helix", "tpa": 16, "kvp": 4})") ==
        "demo.json: /tpa: 16 is outside [1, 8]; the model has 8 KV heads");
  CHECK(answer(llama, R"({"strategy": "helix", "tpa": 8, "kvp": 8, "tpf": 32})") ==
        "demo.json: /tpf: tpf * ep = 32 * 1 = 32, expected tpa * kvp = 64");
  CHECK(answer(llama, R"({"strategy": "dp", "tpa": 8, "dp": 4, "batch": 6})") ==
        "demo.json: /batch: 6 is not divisible by dp = 4");
  CHECK(answer(llama, R"({"strategy": "helix", "tpa": 8, "kvp": 8, "batch": 4, "hop_b": 5})") ==
        "demo.json: /hop_b: 5 is outside [1, 4]; an attention group holds 4 requests");
  CHECK(answer(llama, R"({"strategy": "helix", "hop_b": 2})") ==
        "demo.json: /hop_b: 2 is outside [1, 1]; an attention group holds 1 request");
  CHECK(answer(llama, R"({"strategy": "helix", "hop_b": "bset"})") ==
        "demo.json: /hop_b: expected a chunk count, off, best, device_initiated, figure3, "
        "figure3_lockstep, got "
        "\"bset\"; did you mean \"best\"?");
  CHECK(answer(llama, R"({"strategy": "tp", "batch": 0})") ==
        "demo.json: /batch: 0 is outside [1, 1000000]");
  CHECK(answer(llama, R"({"strategy": "tp", "tpa": 128})") ==
        "demo.json: /tpa: the layout has 128 GPUs, the system has 72");
  // A width that the user did not write is blamed on the file.
  CHECK(answer(llama, R"({"strategy": "dp", "tpa": 8})") ==
        "demo.json: dp: 1 is outside [2, ...] for strategy dp; one group is strategy tp");
}

TEST_CASE("absurd widths are answered like other wrong ones", "[decode][request]") {
  // 65536 x 65536 GPUs do not fit into an int.
  ModelSpec wide = small_gqa_model();
  wide.attention = GqaSpec{.query_heads = 65536, .kv_heads = 65536, .head_size = 1};
  for (const std::string strategy : {"medha", "helix"}) {
    CAPTURE(strategy);
    CHECK(answer(wide, "{\"strategy\": \"" + strategy +
                           "\", \"tpa\": 65536, \"kvp\": 65536, \"tpf\": 1}") != "accepted");
  }
}

TEST_CASE("setup keys that are left out keep their defaults", "[decode][request]") {
  const SetupRequest request = read_setup("{}");
  CHECK(request.system == "gb200_nvl72");
  CHECK_FALSE(request.options.overlap_all_reduce);
}

TEST_CASE("a fidelity and its formats stand where nothing is asked for", "[decode][request]") {
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const auto setup_with = [&](const std::string& keys) {
    SetupRequest request = read_setup(keys);
    request.model = "deepseek-r1";
    return make_setup(request, catalog, {});
  };
  const Setup measured = setup_with("{}");
  CHECK(measured.hardware.fidelity() == "measured");
  CHECK(measured.precision.kv_cache == Precision::Fp8);
  CHECK(measured.precision.weight(WeightClass::RoutedExperts) == Precision::Nvfp4);
  CHECK(measured.precision.weight(WeightClass::Router) == Precision::Bf16);
  CHECK(measured.precision.activations == Precision::Bf16);
  const Setup hopper = setup_with(R"({"system": "h200_hgx8"})");
  CHECK(hopper.precision.weight(WeightClass::RoutedExperts) == Precision::Fp8Block);
  const Setup paper = setup_with(R"({"fidelity": "paper"})");
  CHECK(paper.precision.kv_cache == Precision::Fp4);
  CHECK(paper.precision.weight(WeightClass::Router) == Precision::Fp4);
  const Setup asked = setup_with(R"({"weights": "attention=fp8", "kv": "bf16"})");
  CHECK(asked.precision.weight(WeightClass::Attention) == Precision::Fp8);
  CHECK(asked.precision.weight(WeightClass::RoutedExperts) == Precision::Nvfp4);
  CHECK(asked.precision.kv_cache == Precision::Bf16);
}

TEST_CASE("weights are one format or a list that is applied in order", "[decode][request]") {
  const PrecisionPlan plan =
      read_setup(R"({"weights": ["fp8", "attention=bf16"], "kv": "nvfp4"})").precision.over({});
  CHECK(plan.weight(WeightClass::Attention) == Precision::Bf16);
  CHECK(plan.weight(WeightClass::RoutedExperts) == Precision::Fp8);
  CHECK(plan.kv_cache == Precision::Nvfp4);
  CHECK(read_setup(R"({"weights": "fp8"})").precision.over({}).weight(WeightClass::Attention) ==
        Precision::Fp8);
  CHECK_THROWS_WITH(read_setup(R"({"kv": "fp9"})"),
                    Equals("demo.json: /kv: unknown precision \"fp9\"; did you mean \"fp8\"?"));
  CHECK_THROWS_WITH(
      read_setup(R"({"weights": ["fp8", "fp9"]})"),
      Equals("demo.json: /weights/1: unknown precision \"fp9\"; did you mean \"fp8\"?"));
  CHECK_THROWS_WITH(
      read_setup(R"({"all_reduce": "rings"})"),
      Equals("demo.json: /all_reduce: unknown name \"rings\"; did you mean \"ring\"?"));
}

TEST_CASE("single formats win over a preset in the same place", "[decode][request]") {
  const PrecisionPlan plan =
      read_setup(R"({"precision": "deepseek-r1-fp4", "weights": "attention=fp8", "kv": "fp4"})")
          .precision.over({});
  CHECK(plan.weight(WeightClass::Attention) == Precision::Fp8);
  CHECK(plan.weight(WeightClass::Router) == Precision::Bf16);
  CHECK(plan.weight(WeightClass::RoutedExperts) == Precision::Nvfp4);
  CHECK(plan.kv_cache == Precision::Fp4);
  CHECK(plan.attention_math == Precision::Fp8);
  CHECK_THROWS_WITH(read_setup(R"({"precision": "deepseek-r1-fp5"})"),
                    Catch::StartsWith("demo.json: /precision: no \"deepseek-r1-fp5\" in "
                                      "configs/precision; did you mean \"deepseek-r1-fp"));
}

TEST_CASE("overrides of model and system reach those files", "[decode][request]") {
  const Catalog catalog(HELIXSIM_SOURCE_DIR);
  SetupRequest request;
  request.model = "llama-3.1-405b";
  const std::vector<Override> changes{{"model.title", "Mine"},
                                      {"system.gpu.memory.bandwidth.value", "9 TB/s"}};
  const Setup setup = make_setup(request, catalog, changes);
  CHECK(setup.model.title == "Mine");
  CHECK(setup.hardware.gpu().memory_bandwidth.value() == 9e12);

  const std::vector<Override> all{
      {"model.title", "a"}, {"batch", "3"}, {"system.name", "b"}, {"models", "c"}};
  const SplitOverrides split = split_overrides(all);
  CHECK(split.setup.size() == 2);
  REQUIRE(split.file.size() == 2);
  CHECK(split.file[0].path == "batch");
  CHECK(split.file[1].path == "models");
  CHECK_THROWS_WITH(make_setup(request, catalog, split.file),
                    Equals("--set batch: expected a path that begins with model. or system."));
}
