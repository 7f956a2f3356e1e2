#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/config/override.hpp"

using namespace helixsim;
using Catch::Matchers::Equals;

namespace {

const char* const kDocument =
    R"({"gpu": {"bandwidth": "8 TB/s", "peaks": [1, 2, 3]}, "name": "x"})";

nlohmann::json changed(const std::string& text) {
  const Override change[] = {parse_override(text)};
  return with_overrides(parse_json(kDocument, "demo.json"), change).json();
}

}  // namespace

TEST_CASE("an override is split at its first equals sign", "[config][override]") {
  CHECK(parse_override("a.b=c=d").path == "a.b");
  CHECK(parse_override("a.b=c=d").value == "c=d");
  CHECK(parse_override("a=").value.empty());
  CHECK_THROWS_AS(parse_override("a"), ConfigError);
  CHECK_THROWS_AS(parse_override("=a"), ConfigError);
}

TEST_CASE("a value is JSON where it can be and text where not", "[config][override]") {
  CHECK(changed("gpu.bandwidth=9 TB/s")["gpu"]["bandwidth"] == "9 TB/s");
  CHECK(changed("gpu.bandwidth=9")["gpu"]["bandwidth"] == 9);
  CHECK(changed("gpu.bandwidth=\"9\"")["gpu"]["bandwidth"] == "9");
  CHECK(changed("gpu.bandwidth=null")["gpu"]["bandwidth"].is_null());
  CHECK(changed("gpu.peaks=[4]")["gpu"]["peaks"] == nlohmann::json::array({4}));
}

TEST_CASE("an override changes its place and nothing else", "[config][override]") {
  auto expected = nlohmann::json::parse(kDocument);
  expected["gpu"]["peaks"][1] = 7;
  CHECK(changed("gpu.peaks.1=7") == expected);
}

TEST_CASE("the last of two overrides of one place wins", "[config][override]") {
  const Override changes[] = {{"name", "first"}, {"name", "second"}};
  CHECK(with_overrides(parse_json(kDocument, "demo.json"), changes).text("name") == "second");
}

TEST_CASE("the document that is overridden stays as it was", "[config][override]") {
  const Node document = parse_json(kDocument, "demo.json");
  const Override changes[] = {{"name", "y"}};
  CHECK(with_overrides(document, changes).text("name") == "y");
  CHECK(document.text("name") == "x");
  CHECK(with_overrides(document, changes).file() == "demo.json");
}

TEST_CASE("a path whose parents do not exist is refused with the nearest key",
          "[config][override]") {
  CHECK_THROWS_WITH(changed("gpv.bandwidth=9"),
                    Equals("--set gpv.bandwidth: no key \"gpv\"; did you mean \"gpu\"?"));
  CHECK_THROWS_WITH(changed("name.x=9"),
                    Equals("--set name.x: \"x\" is below a value that is not an object"));
  CHECK_THROWS_WITH(changed("gpu.peaks.3=9"),
                    Equals("--set gpu.peaks.3: \"3\" is not a position in a list of 3"));
  CHECK_THROWS_WITH(changed("gpu.peaks.x=9"),
                    Equals("--set gpu.peaks.x: \"x\" is not a position in a list of 3"));
  CHECK_THROWS_AS(changed("gpu.peaks.-1=9"), ConfigError);
}
