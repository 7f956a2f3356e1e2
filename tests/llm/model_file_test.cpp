#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/llm/parameters.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

Json llama_file() {
  return read_json_file(HELIXSIM_SOURCE_DIR "/configs/models/llama-3.1-405b.json").json();
}

std::string answer(const Json& document) {
  try {
    (void)read_model(Node(std::make_shared<Json>(document), "demo.json"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("parameter totals are the published ones", "[llm][parameters]") {
  CHECK(parameter_count(llama_405b()) == Approx(405.85e9).epsilon(2e-4));
  CHECK(parameter_count(deepseek_r1()) == Approx(671.0e9).epsilon(2e-4));
}

TEST_CASE("parameters of a small model are the sum of its matrices", "[llm][parameters]") {
  // Per layer Q and O 2048 x 2048, K and V 2048 x 512, gate, up and down 2048 x 8192; two
  // vocabularies.
  const double layer = 2.0 * 2048 * 2048 + 2.0 * 2048 * 512 + 3.0 * 2048 * 8192;
  CHECK(parameter_count(small_gqa_model()) == 6 * layer + 2.0 * 32000 * 2048);
}

TEST_CASE("every model file is read and says its own name", "[llm][model_file][conformance]") {
  for (const auto& file :
       std::filesystem::directory_iterator(HELIXSIM_SOURCE_DIR "/configs/models")) {
    if (file.path().extension() != ".json") continue;
    CAPTURE(file.path().string());
    const Node document = read_json_file(file.path());
    CHECK(read_model(document).name == file.path().stem().string());
    CHECK(document.text("source").size() > 10);
  }
}

TEST_CASE("an unknown key is refused at every level of a model file", "[llm][model_file]") {
  const Json r1 = read_json_file(HELIXSIM_SOURCE_DIR "/configs/models/deepseek-r1.json").json();
  for (const std::string at : {"", "/attention", "/dense_ffn", "/moe_ffn"}) {
    CAPTURE(at);
    Json changed = r1;
    changed[Json::json_pointer(at)]["surplus"] = 1;
    CHECK_THAT(answer(changed), Catch::StartsWith("demo.json: " + at + "/surplus: unknown key"));
  }
}

TEST_CASE("a parameter total more than 0.1 % off is refused", "[llm][model_file]") {
  Json changed = llama_file();
  const double exact = parameter_count(llama_405b());
  changed["published_parameters"] = exact / 1.0009;
  CHECK(answer(changed) == "accepted");
  changed["published_parameters"] = exact / 1.0011;
  CHECK_THAT(answer(changed), Catch::StartsWith("demo.json: /published_parameters: ") &&
                                  Catch::EndsWith(" parameters, more than 0.1 % off"));
}

TEST_CASE("wrong shapes are answered at the key to blame", "[llm][model_file]") {
  const auto with = [](const std::string& pointer, const Json& value) {
    Json changed = llama_file();
    changed[Json::json_pointer(pointer)] = value;
    return answer(changed);
  };
  CHECK(with("/attention/kv_heads", 7) ==
        "demo.json: /attention/kv_heads: must divide query_heads = 128");
  CHECK(with("/attention/kv_heads", 129) ==
        "demo.json: /attention/kv_heads: 129 is outside [1, 128]");
  CHECK(with("/attention/kind", "gqaa") ==
        "demo.json: /attention/kind: unknown name \"gqaa\"; did you mean \"gqa\"?");
  CHECK(with("/dense_ffn/layers", 0) ==
        "demo.json: expected at least one layer in dense_ffn or moe_ffn");
  CHECK(with("/format", "helixsim/model/2") ==
        "demo.json: /format: expected \"helixsim/model/1\", got \"helixsim/model/2\"");
  const Json experts{{"layers", 1},
                     {"experts", 8},
                     {"experts_per_token", 9},
                     {"intermediate", 64},
                     {"shared_intermediate", 0}};
  CHECK(with("/moe_ffn", experts) == "demo.json: /moe_ffn/experts_per_token: 9 is outside [1, 8]");
}
