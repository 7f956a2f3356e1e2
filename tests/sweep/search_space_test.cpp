#include "sim/sweep/search_space.hpp"

#include <catch2/catch.hpp>

#include "sim/config/config_error.hpp"
#include "tests/sweep/study_case.hpp"

using namespace helixsim;

namespace {

/// A right search space with one key replaced or added.
std::string with(const std::string& key, const std::string& value) {
  std::string text = R"({"format": "helixsim/search_space/1")";
  bool replaced = false;
  for (const auto& [name, plain] :
       std::vector<std::pair<std::string, std::string>>{{"contexts", "[1000]"},
                                                        {"gpus", "[8]"},
                                                        {"strategies", R"({"tp": {}})"},
                                                        {"batch", "[1]"}}) {
    text += ", \"" + name + "\": " + (name == key ? value : plain);
    replaced = replaced || name == key;
  }
  if (!replaced) text += ", \"" + key + "\": " + value;
  return text + "}";
}

}  // namespace

TEST_CASE("a search space of minimal keys takes powers of two and the best HOP-B",
          "[sweep][search_space]") {
  const SearchSpace space = space_from(with("gpus", "[2, 8]"));
  CHECK(space.contexts == std::vector{1000.0});
  CHECK(space.gpus == std::vector{2, 8});
  CHECK(space.batches == std::vector{1});
  REQUIRE(space.strategies.size() == 1);
  const StrategySpace& tp = space.strategies[0];
  const std::vector<int> widths{1, 2, 4, 8};
  CHECK(tp.tpa == widths);
  CHECK(tp.tpf == widths);
  CHECK(tp.ep == widths);
  CHECK(tp.pp == widths);
  CHECK(tp.kvp == std::vector{1});  // tp has neither
  CHECK(tp.dp == std::vector{1});
  REQUIRE(space.hop_bs.size() == 1);
  CHECK(space.hop_bs[0].mode == HopBMode::Best);
}

TEST_CASE("a strategy's own widths win over the common ones", "[sweep][search_space]") {
  const SearchSpace space = space_from(R"({
    "format": "helixsim/search_space/1", "title": "t", "contexts": ["64k", 70000, "1M"],
    "gpus": [4], "widths": {"tpa": [1, 2], "kvp": [2], "ep": "powers_of_two"},
    "strategies": {"helix": {"tpa": [4]}, "tp": {}}, "batch": [1],
    "hop_b": ["off", 2, "device_initiated"]})");
  CHECK(space.title == "t");
  CHECK(space.contexts == std::vector{64000.0, 70000.0, 1e6});
  REQUIRE(space.strategies.size() == 2);
  CHECK(space.strategies[0].strategy->name == "tp");  // order of the registry, not of the file
  CHECK(space.strategies[0].tpa == std::vector{1, 2});
  CHECK(space.strategies[0].kvp ==
        std::vector{1});  // a common width a strategy lacks is no mistake
  CHECK(space.strategies[1].tpa == std::vector{4});
  CHECK(space.strategies[1].kvp == std::vector{2});
  CHECK(space.strategies[1].ep == std::vector{1, 2, 4});
  CHECK(space.hop_bs == std::vector<HopB>{{HopBMode::Off, 1},
                                          {HopBMode::Chunks, 2},
                                          {HopBMode::DeviceInitiated, 1}});
}

TEST_CASE("a wrong search space is answered with file, key and what was expected",
          "[sweep][search_space]") {
  const auto [key, value, message] = GENERATE(table<std::string, std::string, std::string>({
      {"batches", "[1]", "space.json: /batches: unknown key; did you mean \"batch\"?"},
      {"format", "\"helixsim/search_space/1\"",
       "space.json: key \"format\" appears twice in one object"},
      {"contexts", "[]", "space.json: /contexts: expected at least one context"},
      {"contexts", "[2000, 1000]", "space.json: /contexts/1: contexts must rise"},
      {"contexts", "[1000, \"1k\"]", "space.json: /contexts/1: contexts must rise"},
      {"contexts", "[\"lots\"]",
       "space.json: /contexts/0: expected a count of tokens, such as 1000000 or \"1M\", got "
       "\"lots\""},
      {"contexts", "[0]", "space.json: /contexts/0: 0 is outside [1, 1000000000000]"},
      {"gpus", "[]", "space.json: /gpus: expected at least one number"},
      {"gpus", "[8, 4]", "space.json: /gpus/1: numbers must rise"},
      {"gpus", "[1025]", "space.json: /gpus/0: 1025 is outside [1, 1024]"},
      {"batch", "[]", "space.json: /batch: expected at least one number"},
      {"batch", "[0]", "space.json: /batch/0: 0 is outside [1, 1000000]"},
      {"strategies", "{}",
       "space.json: /strategies: expected at least one strategy; expected one of tp, dp, medha, "
       "helix, dcp"},
      {"strategies", "[]", "space.json: /strategies: expected an object, got []"},
      {"strategies", R"({"helx": {}})",
       "space.json: /strategies/helx: unknown key; did you mean \"helix\"?"},
      {"strategies", R"({"tp": {"tap": [1]}})",
       "space.json: /strategies/tp/tap: unknown key; did you mean \"tpa\"?"},
      {"strategies", R"({"tp": {"kvp": [1]}})",
       "space.json: /strategies/tp/kvp: strategy tp has no such width"},
      {"strategies", R"({"medha": {"dp": "powers_of_two"}})",
       "space.json: /strategies/medha/dp: strategy medha has no such width"},
      {"strategies", R"({"tp": {"tpa": []}})",
       "space.json: /strategies/tp/tpa: expected at least one number"},
      {"strategies", R"({"tp": {"tpa": "power_of_two"}})",
       "space.json: /strategies/tp/tpa: unknown name \"power_of_two\"; did you mean "
       "\"powers_of_two\"?"},
      {"widths", R"({"batch": [1]})",
       "space.json: /widths/batch: unknown key; expected one of tpa, kvp, dp, tpf, ep, pp"},
      {"hop_b", R"(["of"])",
       "space.json: /hop_b/0: expected a chunk count, off, best, device_initiated, got \"of\"; "
       "did "
       "you mean \"off\"?"},
      {"hop_b", R"(["figure3"])",
       "space.json: /hop_b/0: expected a chunk count, off, best, device_initiated, got "
       "\"figure3\""},
      {"hop_b", "[0]", "space.json: /hop_b/0: 0 is outside [1, 1000000]"},
      {"hop_b", R"(["off", "off"])", "space.json: /hop_b/1: named twice"},
      {"hop_b", R"([2, "2"])", "space.json: /hop_b/1: named twice"},
  }));
  CAPTURE(key, value);
  CHECK_THROWS_WITH(space_from(with(key, value)), message);
}

TEST_CASE("a missing key of a search space is named", "[sweep][search_space]") {
  CHECK_THROWS_WITH(space_from(R"({"format": "helixsim/search_space/1", "contexts": [1]})"),
                    "space.json: missing key \"gpus\"");
  CHECK_THROWS_WITH(space_from(R"({"format": "helixsim/search_space/2"})"),
                    "space.json: /format: expected \"helixsim/search_space/1\", got "
                    "\"helixsim/search_space/2\"");
}

TEST_CASE("attention groups beside KV parallelism are the strategy's own choice",
          "[sweep][search_space]") {
  const SearchSpace space = space_from(R"({"format": "helixsim/search_space/1", "contexts": [1000],
    "gpus": [8], "widths": {"dp": [1, 2]}, "batch": [8],
    "strategies": {"dp": {}, "helix": {}, "dcp": {"dp": [1, 4]}}})");
  REQUIRE(space.strategies.size() == 3);
  CHECK(space.strategies[0].dp == std::vector<int>{1, 2});
  CHECK(space.strategies[1].dp == std::vector<int>{1});
  CHECK(space.strategies[2].dp == std::vector<int>{1, 4});
}
