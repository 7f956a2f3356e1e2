#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "hw_models/system.hpp"
#include "sim/config/config_error.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;
using Json = nlohmann::json;
using Pointer = nlohmann::json::json_pointer;

namespace {

std::vector<std::string> system_files() {
  std::vector<std::string> files;
  for (const auto& file :
       std::filesystem::directory_iterator(HELIXSIM_SOURCE_DIR "/hw_models/systems")) {
    if (file.path().extension() == ".json") files.push_back(file.path().string());
  }
  return files;
}

void collect_objects(const Json& value, const Pointer& at, std::vector<Pointer>& out) {
  if (value.is_object()) out.push_back(at);
  if (!value.is_structured()) return;
  for (const auto& [key, child] : value.items()) {
    collect_objects(
        child, value.is_array() ? at / static_cast<std::size_t>(std::stoul(key)) : at / key, out);
  }
}

std::vector<Pointer> objects_of(const Json& document) {
  std::vector<Pointer> pointers;
  collect_objects(document, Pointer(), pointers);
  return pointers;
}

/// The one-line answer to a changed system file, "accepted" when there is none.
std::string answer(const Json& document) {
  try {
    (void)read_system(Node(std::make_shared<Json>(document), "demo.json"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("the GB200 NVL72 file says what the data sheet says", "[hw_models][system]") {
  const System system = gb200();
  CHECK(system.name == "gb200_nvl72");
  CHECK(system.gpu.memory_capacity.value() == 186e9);
  CHECK(system.gpu.usable_memory().value() == Approx(0.92 * 186e9));
  CHECK(system.gpu.memory_bandwidth.value() == 8e12);
  CHECK(system.gpu.peak(MathRate::Bf16).value() == 2.5e15);
  CHECK(system.gpu.peak(MathRate::Fp8).value() == 5e15);
  CHECK(system.gpu.peak(MathRate::Fp4).value() == 1e16);
  CHECK(system.fabric->spec().gpus == 72);
}

TEST_CASE("every system file is read whole", "[hw_models][system][conformance]") {
  for (const std::string& file : system_files()) {
    CAPTURE(file);
    const System system = read_system(read_json_file(file));
    CHECK(system.name + ".json" == std::filesystem::path(file).filename().string());
    CHECK_FALSE(system.fidelities.empty());
  }
}

TEST_CASE("every number of a system file names its source", "[hw_models][system][conformance]") {
  // Of measurements: where they are and how they were taken, which nothing is computed from alone.
  const std::set<std::string> prose{"format",     "name",     "title",  "summary",
                                    "accounting", "law",      "source", "folder",
                                    "node_gpus",  "software", "laws",   "precision"};
  for (const std::string& file : system_files()) {
    const Json document = read_json_file(file).json();
    for (const Pointer& at : objects_of(document)) {
      const Json& object = document.at(at);
      for (const auto& [key, value] : object.items()) {
        if (value.is_structured() || prose.contains(key)) continue;
        CAPTURE(file, at.to_string(), key);
        CHECK(key == "value");
        REQUIRE(object.contains("source"));
        CHECK(object.at("source").get<std::string>().size() > 10);
      }
    }
  }
}

TEST_CASE("a number without a source is refused", "[hw_models][system]") {
  const Json document = gb200_document().json();
  Json changed = document;
  changed["gpu"]["memory"]["bandwidth"].erase("source");
  CHECK(answer(changed) == "demo.json: /gpu/memory/bandwidth: missing key \"source\"");
  changed["gpu"]["memory"]["bandwidth"]["source"] = "";
  CHECK_THAT(answer(changed),
             Catch::StartsWith("demo.json: /gpu/memory/bandwidth/source: a number needs"));
}

TEST_CASE("an unknown key is refused at every level of a system file", "[hw_models][system]") {
  const Json document = gb200_document().json();
  for (const Pointer& at : objects_of(document)) {
    if (at.to_string() == "/fidelities") continue;  // its keys are names
    CAPTURE(at.to_string());
    Json changed = document;
    changed[at]["surplus"] = 1;
    CHECK_THAT(answer(changed),
               Catch::StartsWith("demo.json: " + at.to_string() + "/surplus: unknown key"));
  }
}

TEST_CASE("no value of a system file can be left out or be nonsense", "[hw_models][system]") {
  const Json document = gb200_document().json();
  for (const Pointer& at : objects_of(document)) {
    if (!document.at(at).contains("value")) continue;
    CAPTURE(at.to_string());
    Json changed = document;
    changed[at].erase("value");
    CHECK(answer(changed) == "demo.json: " + at.to_string() + ": missing key \"value\"");
    changed[at]["value"] = "nonsense";
    CHECK_THAT(answer(changed),
               Catch::StartsWith("demo.json: " + at.to_string() + "/value: expected "));
  }
}

TEST_CASE("every fidelity of a file is checked, not only the one in use", "[hw_models][system]") {
  for (const std::string& fidelity : gb200_fidelities()) {
    CAPTURE(fidelity);
    Json changed = gb200_document().json();
    changed["fidelities"][fidelity]["kernels"]["law"] = "rofline";
    CHECK(answer(changed) ==
          "demo.json: /fidelities/" + fidelity +
              "/kernels/law: unknown name \"rofline\"; did you mean \"roofline\"?");
  }
}

TEST_CASE("two joined racks are two of the one rack and NICs", "[hw_models][system]") {
  Json pair = read_json_file(HELIXSIM_SOURCE_DIR "/hw_models/systems/gb200_nvl72_x2.json").json();
  const Json rack = gb200_document().json();
  const System system = gb200_x2();
  CHECK(system.fabric->total_gpus() == 144);
  CHECK(system.fabric->spec().nic_bandwidth.value() == 50e9);  // 400 Gb/s
  for (const char* key : {"domains", "nic_bandwidth", "nic_latency"}) pair["fabric"].erase(key);
  for (const char* key : {"name", "title"}) pair[key] = rack[key];
  CHECK(pair == rack);
}

TEST_CASE("domains need NICs, and limits of the fabric may be left open", "[hw_models][system]") {
  const Json rack = gb200_document().json();
  const auto sourced_value = [](Json value) {
    return Json{{"value", std::move(value)}, {"source", "assumed: for this test"}};
  };
  Json changed = rack;
  changed["fabric"]["domains"] = sourced_value(2);
  CHECK(answer(changed) ==
        "demo.json: /fabric: missing key \"nic_bandwidth\": GPUs of different domains need a NIC");
  changed["fabric"]["nic_bandwidth"] = sourced_value("50 GB/s");
  CHECK(answer(changed) == "accepted");
  changed["fabric"]["domains"] = sourced_value(65);
  CHECK(answer(changed) == "demo.json: /fabric/domains/value: 65 is outside [1, 64]");
  for (const char* key : {"switch_capacity", "scale_out_capacity"}) {
    changed = rack;
    changed["fabric"][key] = sourced_value(nullptr);
    CHECK(answer(changed) == "accepted");
    changed["fabric"][key] = sourced_value("60 TB/s");
    CHECK(answer(changed) == "accepted");
    changed["fabric"][key] = sourced_value(60);
    CHECK_THAT(answer(changed), Catch::StartsWith("demo.json: /fabric/" + std::string(key) +
                                                  "/value: expected a rate"));
  }
}
