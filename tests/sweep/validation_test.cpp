#include "sim/sweep/validation.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/sweep/validation_run.hpp"

using namespace helixsim;

namespace {

const Catalog kCatalog(HELIXSIM_SOURCE_DIR);

/// Two steps of R1 under tp; `patch` is merged into the file and `value` into its one value, null
/// removes a key.
Validation changed(const std::string& patch, const std::string& value = "{}") {
  nlohmann::json document = nlohmann::json::parse(R"({
    "format": "helixsim/validation/1", "name": "n", "title": "t", "source": "s",
    "soundness": "sound", "not_modelled": ["host time"],
    "conditions": {"model": "deepseek-r1", "fidelity": "paper", "weights": "fp4", "strategy": "tp",
                   "tpa": 8, "batch": 1, "context": "64k"},
    "measured": [{"name": "v", "quantity": "ttl", "value": 5, "unit": "ms",
                  "at": {"tpf": 4, "ep": 2}}]})");
  document.merge_patch(nlohmann::json::parse(patch));
  if (!document["measured"].empty())
    document["measured"][0].merge_patch(nlohmann::json::parse(value));
  return read_validation(parse_json(document.dump(), "v.json"), kCatalog, {});
}

/// A search over the smoke space with one value.
Validation searched(const std::string& value) {
  return changed(R"({"conditions": {"strategy": null, "tpa": null, "batch": null,
      "search_space": "smoke", "baseline": ["tp"], "context": "1M"}})",
                 value);
}

double ttl_ms(const ValidationPoint& at) {
  Evaluator evaluator(*at.setup);
  return evaluator.evaluate(at.point).ttl.seconds().value() * 1e3;
}

ValidationResult only_result(const Validation& file) {
  const auto results = run_validation(file, 1);
  REQUIRE(results.size() == 1);
  return results[0];
}

}  // namespace

TEST_CASE("the keys of a value's point are laid over the conditions", "[sweep][validation]") {
  const Validation file = changed("{}", R"({"at": {"batch": 4, "kv": "fp8"}})");
  CHECK(file.soundness == Soundness::Sound);
  CHECK(file.not_modelled == std::vector<std::string>{"host time"});
  REQUIRE(file.measured.size() == 1);
  const ValidationPoint& at = *file.measured[0].at;
  CHECK(at.point.strategy->name == "tp");
  CHECK(at.point.layout.tpa == 8);
  CHECK(at.point.layout.ep == 2);
  CHECK(at.point.batch == 4);
  CHECK(at.point.context == 64'000.0);
  CHECK(at.setup->precision.kv_cache == Precision::Fp8);
}

TEST_CASE("an error is ours over the published number", "[sweep][validation]") {
  const Validation file = changed("{}");
  const double ours = ttl_ms(*file.measured[0].at);
  const ValidationResult result = only_result(file);
  CHECK(*result.predicted == ours);
  CHECK(result.error() == Approx(ours / 5.0 - 1.0));
  CHECK(result.verdict == ValidationVerdict::Reported);
  double total = 0.0;
  for (const OperationShare& one : result.operations) total += one.seconds;
  CHECK(total * 1e3 == Approx(ours));
  CHECK(result.operations.front().seconds >= result.operations.back().seconds);
}

TEST_CASE("a number is a miss just outside its band", "[sweep][validation]") {
  const double ours = ttl_ms(*changed("{}").measured[0].at);
  const auto verdict = [&](double low, double high) {
    const nlohmann::json band{{"band", {low, high}}};
    return only_result(changed("{}", band.dump())).verdict;
  };
  CHECK(verdict(ours, ours) == ValidationVerdict::Within);
  CHECK(verdict(ours * 1.001, ours * 2) == ValidationVerdict::Miss);
  CHECK(verdict(0, ours * 0.999) == ValidationVerdict::Miss);
}

TEST_CASE("ratios and slopes compare two points", "[sweep][validation]") {
  const std::string points = R"("at": {"batch": 9}, "over": {"tpf": 4, "ep": 2, "batch": 1}})";
  const Validation file = changed("{}", R"({"quantity": "ttl_ratio", "unit": "x", )" + points);
  const double at = ttl_ms(*file.measured[0].at);
  const double over = ttl_ms(*file.measured[0].over);
  const ValidationResult ratio = only_result(file);
  CHECK(*ratio.predicted == Approx(at / over));
  double difference = 0.0;
  for (const OperationShare& one : ratio.operations) difference += one.seconds;
  CHECK(difference * 1e3 == Approx(at - over));
  CHECK(*only_result(changed("{}", R"({"quantity": "throughput_ratio", "unit": "x", )" + points))
             .predicted == Approx(9.0 * over / at));
  CHECK(*only_result(changed("{}", R"({"quantity": "ttl_slope", "unit": "us/request", )" + points))
             .predicted == Approx(1e3 * (at - over) / 8.0));
}

TEST_CASE("predicted numbers have the interval of their steps where errors are known",
          "[sweep][validation][error]") {
  std::vector<Validation> files;  // results point into them
  const auto measured = [&](const std::string& value) {
    files.push_back(changed(R"({"conditions": {"fidelity": "measured", "weights": null}})", value));
    return only_result(files.back());
  };
  const ValidationResult ttl = measured(R"({"value": 5})");
  REQUIRE(ttl.interval);
  CHECK(ttl.interval->low < *ttl.predicted);
  CHECK(*ttl.predicted < ttl.interval->high);
  const std::string inside = std::to_string(*ttl.predicted * 1.01);
  CHECK(measured("{\"value\": " + inside + "}").within_interval());
  CHECK_FALSE(measured(R"({"value": 500})").within_interval());

  // Two batches of one layout have most of their errors in common.
  const std::string over = R"(, "at": {"batch": 8}, "over": {"batch": 7}})";
  const ValidationResult ratio =
      measured(R"({"quantity": "ttl_ratio", "unit": "x", "value": 1)" + over);
  CHECK(ratio.interval->high / ratio.interval->low < ttl.interval->high / ttl.interval->low);
  const ValidationResult slope =
      measured(R"({"quantity": "ttl_slope", "unit": "us/request", "value": 1)" + over);
  CHECK(slope.interval->high - *slope.predicted == Approx(*slope.predicted - slope.interval->low));
  CHECK(slope.interval->high > *slope.predicted);
  CHECK_FALSE(only_result(changed("{}")).interval);  // paper
}

TEST_CASE("what does not fit is a miss with its reason", "[sweep][validation]") {
  const ValidationResult result =
      only_result(changed("{}", R"({"at": {"batch": 1000, "context": "4M"}, "band": [1, 9]})"));
  CHECK_FALSE(result.predicted);
  CHECK(result.verdict == ValidationVerdict::Miss);
  CHECK_THAT(result.reason, Catch::Contains("infeasible"));
}

TEST_CASE("a set of conditions reaches the system's file", "[sweep][validation]") {
  const Validation file = changed("{}", R"({"at": {"batch": 64, "context": "1M",
                       "set": ["system.gpu.memory.capacity.value=9000 GB"]}})");
  CHECK(only_result(file).predicted);
}

TEST_CASE("a claim is read on the search of the file", "[sweep][validation]") {
  const ValidationResult result = only_result(
      searched(R"({"quantity": "interactivity_ratio", "unit": "x", "value": 1.8, "at": null})"));
  CHECK(*result.predicted > 0.0);
  CHECK_THAT(result.where, Catch::Contains("helix") && Catch::Contains("against tp"));
}

TEST_CASE("a file that says why nothing is predicted keeps its numbers", "[sweep][validation]") {
  const std::string without = R"({"conditions": null, "unpredicted": "linear attention"})";
  const Validation file = changed(without, R"({"at": null})");
  const ValidationResult result = only_result(file);
  CHECK(result.value->published == 5.0);
  CHECK_FALSE(result.predicted);
  CHECK(result.reason == "linear attention");
  CHECK(result.verdict == ValidationVerdict::Reported);
  CHECK_THROWS_WITH(changed(without),
                    "v.json: /measured/0/at: unknown key; expected one of name, quantity, value, "
                    "unit, note");
  CHECK_THROWS_WITH(changed(R"({"unpredicted": "x"})"),
                    Catch::StartsWith("v.json: /conditions: unknown key"));
}

TEST_CASE("mistakes in published steps are answered with their place", "[sweep][validation]") {
  const auto wrong = [](const std::string& file, const std::string& value, const std::string& is) {
    CHECK_THROWS_WITH(changed(file, value), is);
  };
  wrong(R"({"sondness": "sound"})", "{}",
        "v.json: /sondness: unknown key; did you mean \"soundness\"?");
  wrong(R"({"soundness": "shaky"})", "{}",
        "v.json: /soundness: expected \"sound\", \"with reserve: REASON\" or \"peer, not a "
        "truth\", got \"shaky\"");
  wrong(R"({"soundness": "with reserve: "})", "{}",
        "v.json: /soundness: expected \"sound\", \"with reserve: REASON\" or \"peer, not a "
        "truth\", got \"with reserve: \"");
  wrong(R"({"conditions": {"contxt": 1}})", "{}",
        "v.json: /conditions/contxt: unknown key; did you mean \"context\"?");
  wrong("{}", R"({"at": {"bach": 1}})",
        "v.json: /measured/0/at/bach: unknown key; did you mean \"batch\"?");
  wrong("{}", R"({"quantity": "tttl"})",
        "v.json: /measured/0/quantity: unknown name \"tttl\"; did you mean \"ttl\"?");
  wrong("{}", R"({"unit": "s"})", "v.json: /measured/0/unit: expected \"ms\", got \"s\"");
  wrong("{}", R"({"band": [2, 1]})", "v.json: /measured/0/band: the lowest is above the highest");
  wrong("{}", R"({"over": {}})",
        "v.json: /measured/0/over: unknown key; expected one of name, quantity, value, unit, "
        "band, note, at");
  wrong("{}", R"({"at": {"tpf": 3}})",
        "v.json: /measured/0/at/tpf: tpf * ep = 3 * 2 = 6, expected tpa = 8");
  wrong("{}", R"({"at": {"set": ["gpu.name=x"]}})",
        "v.json: /measured/0/at/set/0: expected a path that begins with model. or system.");
  wrong("{}", R"({"quantity": "interactivity_ratio"})",
        "v.json: /measured/0/quantity: the conditions are not a search; expected one of ttl, "
        "ttl_ratio, throughput_ratio, ttl_slope");
  wrong("{}", R"({"quantity": "ttl_slope", "unit": "us/request", "over": {}})",
        "v.json: /measured/0/over: a slope needs another batch than that of \"at\"");
  wrong(R"({"measured": []})", "{}", "v.json: /measured: expected at least one value");
  CHECK_THROWS_WITH(searched(R"({"at": null})"),
                    "v.json: /measured/0/quantity: the conditions are a search; expected one of "
                    "interactivity_ratio, batch_at_equal_latency");
}

TEST_CASE("the published steps that come with the program are right", "[sweep][validation]") {
  const auto names = kCatalog.names("scenarios/validation");
  CHECK(names.size() >= 9);
  for (const std::string& name : names) {
    CAPTURE(name);
    const Validation file =
        read_validation(kCatalog.read("scenarios/validation", name, "FILE"), kCatalog, {});
    CHECK(file.name == name);
    CHECK_FALSE(file.not_modelled.empty());
    for (const MeasuredValue& value : file.measured) {
      CAPTURE(value.name);
      if (value.band) {
        CHECK(value.band->low <= value.published);
        CHECK(value.published <= value.band->high);
      }
    }
  }
}
