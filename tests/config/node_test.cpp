#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/config/node.hpp"
#include "sim/units/literals.hpp"

using namespace helixsim;
using namespace helixsim::literals;
using Catch::Matchers::Equals;

namespace {

Node document(const std::string& text) {
  return parse_json(text, "demo.json");
}

constexpr Range<BytesPerSecond> kRates{1_GBps, 100.0_TBps};

}  // namespace

TEST_CASE("an unknown key is answered with its place and the nearest right name",
          "[config][node]") {
  const Node node = document(R"({"memory": {"bandwith": "8 TB/s"}})").object("memory");
  CHECK_THROWS_WITH(
      node.allow_only({"bandwidth", "capacity"}),
      Equals("demo.json: /memory/bandwith: unknown key; did you mean \"bandwidth\"?"));
  CHECK_THROWS_WITH(
      node.allow_only({"capacity", "name"}),
      Equals("demo.json: /memory/bandwith: unknown key; expected one of capacity, name"));
  CHECK_NOTHROW(node.allow_only({"bandwith"}));
}

TEST_CASE("a key with a slash or a tilde keeps a valid JSON pointer", "[config][node]") {
  CHECK_THROWS_WITH(document(R"({"a/b~c": 1})").allow_only({"zzzzzzzz"}),
                    Equals("demo.json: /a~1b~0c: unknown key; expected one of zzzzzzzz"));
}

TEST_CASE("a key with a line break leaves the message on one line", "[config][node]") {
  std::string message;
  try {
    document("{\"a\\nb\": 1}").allow_only({"zzzzzzzz"});
  } catch (const ConfigError& error) {
    message = error.what();
  }
  CHECK_THAT(message, Catch::Contains("unknown key"));
  CHECK(message.find('\n') == std::string::npos);
}

TEST_CASE("a missing key is named with the object that lacks it", "[config][node]") {
  CHECK_THROWS_WITH(document(R"({"gpu": {}})").object("gpu").text("name"),
                    Equals("demo.json: /gpu: missing key \"name\""));
  CHECK_THROWS_WITH(document("{}").integer("hidden", {1, 2}),
                    Equals("demo.json: missing key \"hidden\""));
}

TEST_CASE("a value of the wrong type is answered with what was expected", "[config][node]") {
  const Node node = document(R"({"t": "x", "n": 4.5, "l": [1], "b": true, "o": {}, "z": null})");
  const std::pair<std::function<void()>, std::string> cases[] = {
      {[&] { (void)node.text("n"); }, "/n: expected a text, got 4.5"},
      {[&] {
         (void)node.number("t", {0, 9});
       },
       "/t: expected a number, got \"x\""},
      {[&] {
         (void)node.number("b", {0, 9});
       },
       "/b: expected a number, got true"},
      {[&] {
         (void)node.integer("n", {0, 9});
       },
       "/n: expected a whole number, got 4.5"},
      {[&] {
         (void)node.integer("z", {0, 9});
       },
       "/z: expected a number, got null"},
      {[&] { (void)node.boolean("t", false); }, "/t: expected true or false, got \"x\""},
      {[&] { (void)node.object("l"); }, "/l: expected an object, got [1]"},
      {[&] { (void)node.array("o"); }, "/o: expected a list, got {}"},
      {[&] { (void)node.array("l")[0].as_text(); }, "/l/0: expected a text, got 1"},
  };
  for (const auto& [read, message] : cases) {
    CAPTURE(message);
    CHECK_THROWS_WITH(read(), Equals("demo.json: " + message));
  }
}

TEST_CASE("a long wrong value is cut so that the message stays short", "[config][node]") {
  const std::string text(1000, 'x');
  try {
    (void)document("{\"a\": \"" + text + "\"}").number("a", {0, 1});
    FAIL("accepted");
  } catch (const ConfigError& error) {
    CHECK(std::string(error.what()).size() < 120);
  }
}

TEST_CASE("a quantity needs a number with the right unit", "[config][node]") {
  CHECK(document(R"({"bandwidth": "4.8 TB/s"})").rate("bandwidth", kRates).value() ==
        Approx(4.8e12));
  CHECK_THROWS_WITH(
      document(R"({"memory": {"bandwidth": 4.8}})").object("memory").rate("bandwidth", kRates),
      Equals("demo.json: /memory/bandwidth: expected a rate with its unit, such as \"4.8 TB/s\", "
             "got 4.8"));
  CHECK_THROWS_WITH(
      document(R"({"a": "4.8 TB"})").rate("a", kRates),
      Equals("demo.json: /a: expected a rate with its unit, such as \"4.8 TB/s\", got \"4.8 TB\""));
  CHECK_THROWS_WITH(
      document(R"({"a": "5 GB"})").flop_rate("a", {FlopsPerSecond(0), FlopsPerSecond(1)}),
      Equals("demo.json: /a: expected a rate with its unit, such as \"10 PFLOP/s\", got \"5 GB\""));
  CHECK_THROWS_WITH(
      document(R"({"a": "5 s"})").bytes("a", {0_B, 1_GB}),
      Equals("demo.json: /a: expected a size with its unit, such as \"186 GB\", got \"5 s\""));
  CHECK_THROWS_WITH(
      document(R"({"a": "5"})").time("a", {0_us, 1.0_s}),
      Equals("demo.json: /a: expected a time with its unit, such as \"2.5 us\", got \"5\""));
}

TEST_CASE("the ends of a range are allowed and the next values are not", "[config][node]") {
  const auto integer = [](const std::string& value) {
    return document("{\"tpa\": " + value + "}").integer("tpa", {1, 8});
  };
  CHECK(integer("1") == 1);
  CHECK(integer("8") == 8);
  CHECK(integer("8.0") == 8);
  CHECK_THROWS_WITH(integer("0"), Equals("demo.json: /tpa: 0 is outside [1, 8]"));
  CHECK_THROWS_WITH(integer("9"), Equals("demo.json: /tpa: 9 is outside [1, 8]"));
  CHECK_THROWS_WITH(integer("1e300"), Equals("demo.json: /tpa: 1e+300 is outside [1, 8]"));

  const auto rate = [](const std::string& value) {
    return document("{\"a\": \"" + value + "\"}").rate("a", kRates).value();
  };
  CHECK(rate("1 GB/s") == 1e9);
  CHECK(rate("100 TB/s") == 1e14);
  CHECK_THROWS_WITH(
      rate("0.999 GB/s"),
      Equals(
          "demo.json: /a: \"0.999 GB/s\" is outside [1000000000, 100000000000000] in base units"));
  CHECK_THROWS_AS(rate("100.001 TB/s"), ConfigError);
  CHECK_THROWS_AS(rate("1e308 TB/s"), ConfigError);
  CHECK_THROWS_AS(rate("-8 TB/s"), ConfigError);
}

TEST_CASE("a choice gives its index or the nearest name", "[config][node]") {
  const std::vector<std::string> names{"theory", "event"};
  CHECK(document(R"({"a": "event"})").choice("a", names) == 1);
  CHECK_THROWS_WITH(document(R"({"a": "evnt"})").choice("a", names),
                    Equals("demo.json: /a: unknown name \"evnt\"; did you mean \"event\"?"));
  CHECK_THROWS_WITH(document(R"({"a": "xyz"})").choice("a", names),
                    Equals("demo.json: /a: unknown name \"xyz\"; expected one of theory, event"));
}

TEST_CASE("a format version is matched exactly", "[config][node]") {
  const Node node = document(R"({"format": "helixsim/system/2"})");
  CHECK_NOTHROW(node.expect("format", "helixsim/system/2"));
  CHECK_THROWS_WITH(
      node.expect("format", "helixsim/system/1"),
      Equals("demo.json: /format: expected \"helixsim/system/1\", got \"helixsim/system/2\""));
}

TEST_CASE("values that come from flags are answered at the flag", "[config][node]") {
  const Node flags = parse_json(R"({"hop_b": 1, "weights": ["x", 2]})", "");
  CHECK_THROWS_WITH(flags.text("hop_b"), Equals("--hop-b: expected a text, got 1"));
  CHECK_THROWS_WITH(flags.array("weights")[1].as_text(),
                    Equals("--weights: expected a text, got 2"));
}
