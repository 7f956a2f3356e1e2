#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sim/config/suggest.hpp"

using namespace helixsim;

namespace {
const std::vector<std::string> kNames{"bandwidth", "capacity", "tpa", "deepseek-r1"};
}

TEST_CASE("a small slip finds the name that was meant", "[config][suggest]") {
  CHECK(nearest_name("bandwith", kNames) == "bandwidth");   // a letter left out
  CHECK(nearest_name("bnadwidth", kNames) == "bandwidth");  // neighbours swapped
  CHECK(nearest_name("capacityy", kNames) == "capacity");
  CHECK(nearest_name("tpb", kNames) == "tpa");
  CHECK(nearest_name("deep", kNames) == "deepseek-r1");  // the beginning of a name
}

TEST_CASE("a name is suggested up to a third of its letters away and not beyond",
          "[config][suggest]") {
  CHECK(
      nearest_name("cabbbity", {{"capacity"}}).empty());  // 8 letters: 2 edits are near, 3 are not
  CHECK(nearest_name("cabbcity", {{"capacity"}}) == "capacity");
  CHECK(nearest_name("", kNames).empty());
  CHECK(nearest_name(std::string(100'000, 'a'), kNames).empty());
}

TEST_CASE("without a near name all are listed", "[config][suggest]") {
  CHECK(suggestion("zzzzzzzz", {{"a", "b"}}) == "; expected one of a, b");
  CHECK(suggestion("zzzzzzzz", {}).empty());
  CHECK(suggestion("bandwith", kNames) == "; did you mean \"bandwidth\"?");
}
