#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;
using Catch::Matchers::Equals;

namespace {

std::string message_of(const std::string& text) {
  try {
    parse_json(text, "demo.json");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

TEST_CASE("comments are allowed and do not count as text", "[config][json]") {
  CHECK(message_of("{ // a comment\n /* and { another */ \"a\": 1}") == "accepted");
}

TEST_CASE("broken JSON is answered in one line with file, line and column", "[config][json]") {
  for (const std::string text : {"{\"a\": 1", "{\"a\": }", "{\"a\": \"x\ny\"}", "{\n\n\"a\" 1}",
                                 "[1, 2", "\xff\xfe{}", "{\"a\": nan}", "{} {}", "\"\\u12"}) {
    CAPTURE(text);
    const std::string message = message_of(text);
    CHECK_THAT(message, Catch::StartsWith("demo.json: parse error at line "));
    CHECK_THAT(message, Catch::Contains("column "));
    CHECK(std::count(message.begin(), message.end(), '\n') == 0);
  }
}

TEST_CASE("a truncated file names the line where it ends", "[config][json]") {
  CHECK_THAT(message_of("{\n\"a\": [1,"),
             Catch::StartsWith("demo.json: parse error at line 2, column "));
}

TEST_CASE("an empty file is called empty", "[config][json]") {
  CHECK(message_of("") == "demo.json: the file is empty");
  CHECK(message_of(" \n\t ") == "demo.json: the file is empty");
}

TEST_CASE("a key that appears twice in one object is refused", "[config][json]") {
  CHECK(message_of(R"({"a": 1, "b": {"a": 2}})") == "accepted");
  CHECK(message_of(R"([{"a": 1}, {"a": 2}])") == "accepted");
  CHECK(message_of(R"({"x": {"a": 1, "a": 2}})") ==
        "demo.json: key \"a\" appears twice in one object");
}

TEST_CASE("a list of 300,000 objects is read in one pass: a fixed defect", "[config][json]") {
  // The library's parser with a callback looked through all earlier elements at the end of each
  // one: this list would take minutes. Rules hold to its end.
  std::string text = "[";
  for (int i = 0; i < 300'000; ++i) text += R"({"id": 1, "deps": [{}]},)";
  CHECK(message_of(text + R"({"id": 1}])") == "accepted");
  CHECK(message_of(text + R"({"id": 1, "id": 2}])") ==
        "demo.json: key \"id\" appears twice in one object");
  CHECK(message_of(text + nested(64) + "]") == "demo.json: nested deeper than 64");
}

TEST_CASE("nesting up to 64 is read and deeper is refused", "[config][json]") {
  CHECK(message_of(nested(64)) == "accepted");
  CHECK(message_of(nested(65)) == "demo.json: nested deeper than 64");
  CHECK(message_of(nested(1'000'000)) == "demo.json: nested deeper than 64");
}

TEST_CASE("brackets inside a text are not nesting", "[config][json]") {
  CHECK(message_of("{\"a\": \"" + std::string(100, '[') + R"(\"{{{"})") == "accepted");
}

TEST_CASE("a file that is not there, or is a folder, is named", "[config][json]") {
  const TemporaryFolder folder;
  const std::string missing = (folder.path() / "missing.json").string();
  CHECK_THROWS_WITH(read_json_file(missing), Equals(missing + ": no such file"));
  CHECK_THROWS_WITH(read_json_file(folder.path()),
                    Equals(folder.path().string() + ": is a folder, expected a JSON file"));
  const std::string empty = folder.file("empty.json", "");
  CHECK_THROWS_WITH(read_json_file(empty), Equals(empty + ": the file is empty"));
  CHECK(read_json_file(folder.file("good.json", R"({"a": 3})")).integer("a", {0, 9}) == 3);
}
