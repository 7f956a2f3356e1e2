#include "sim/sweep/number_list.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"

using namespace helixsim;

namespace {

std::vector<int> numbers(const std::string& text, Range<long long> range = {1, 1'000'000}) {
  return read_number_list(parse_json("{\"n\": " + text + "}", "f.json").at("n"), range);
}

}  // namespace

TEST_CASE("two dots continue the progression of the numbers before them", "[sweep][number_list]") {
  CHECK(numbers("[7]") == std::vector{7});
  CHECK(numbers(R"([1, 2, "..", 5])") == std::vector{1, 2, 3, 4, 5});  // two: by difference
  CHECK(numbers(R"([1, 2, 3, "..", 6])") == std::vector{1, 2, 3, 4, 5, 6});
  CHECK(numbers(R"([1, 2, 4, "..", 32])") == std::vector{1, 2, 4, 8, 16, 32});
  CHECK(numbers(R"([3, 9, 27, "..", 243])") == std::vector{3, 9, 27, 81, 243});
  CHECK(numbers(R"([10, 20, "..", 40, 80, 160, "..", 640])") ==
        std::vector{10, 20, 30, 40, 80, 160, 320, 640});
  CHECK(numbers(R"([1, 2, "..", 3])") == std::vector{1, 2, 3});  // nothing to fill in
}

TEST_CASE("the last three numbers decide, not those before them", "[sweep][number_list]") {
  // 1, 2, 3 counts, but 2, 3, 4 is what stands before the dots; 4, 8, 16 doubles after 1, 2.
  CHECK(numbers(R"([1, 3, 4, 5, "..", 7])") == std::vector{1, 3, 4, 5, 6, 7});
  CHECK(numbers(R"([1, 3, 6, 12, "..", 48])") == std::vector{1, 3, 6, 12, 24, 48});
}

TEST_CASE("a wrong number list is answered with its place", "[sweep][number_list]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"[]", "f.json: /n: expected at least one number"},
      {"8", "f.json: /n: expected a list, got 8"},
      {"[1, 0]", "f.json: /n/1: 0 is outside [1, 1000000]"},
      {"[1, 1000001]", "f.json: /n/1: 1000001 is outside [1, 1000000]"},
      {"[1, 1.5]", "f.json: /n/1: expected a whole number, got 1.5"},
      {"[1, \"two\"]", "f.json: /n/1: expected a number, got \"two\""},
      {"[4, 2]", "f.json: /n/1: numbers must rise"},
      {"[4, 4]", "f.json: /n/1: numbers must rise"},
      {R"([1, 2, 3, "..", 2])", "f.json: /n/4: numbers must rise"},
      {R"(["..", 4])", "f.json: /n/0: \"..\" needs two numbers before it"},
      {R"([1, "..", 4])", "f.json: /n/1: \"..\" needs two numbers before it"},
      {R"([1, 2, ".."])", "f.json: /n/2: \"..\" needs a number after it"},
      {R"([1, 2, "..", "..", 4])", "f.json: /n/3: \"..\" twice in a row"},
      {R"([1, 2, 5, "..", 9])",
       "f.json: /n/3: the three numbers before \"..\" make no progression"},
      {R"([2, 3, "..", 4, 6, 9, "..", 27])",
       "f.json: /n/6: the three numbers before \"..\" make no progression"},  // 3/2 is not whole
      {R"([1, 3, "..", 6])", "f.json: /n/2: the progression does not reach 6"},
      {R"([1, 2, 4, "..", 60])", "f.json: /n/3: the progression does not reach 60"},
      {R"([1, 2, "..", 1000000])", "f.json: /n/2: the progression does not reach 1000000"},
  }));
  CAPTURE(text);
  CHECK_THROWS_WITH(numbers(text), message);
  CHECK_THROWS_AS(numbers(text), ConfigError);
}

TEST_CASE("a list holds 100,000 numbers and not one more", "[sweep][number_list]") {
  CHECK(numbers(R"([1, 2, "..", 100000])").size() == 100'000);
  CHECK_THROWS_AS(numbers(R"([1, 2, "..", 100001])"), ConfigError);
}

TEST_CASE("powers of two go up to the largest allowed", "[sweep][number_list]") {
  CHECK(powers_of_two(1) == std::vector{1});
  CHECK(powers_of_two(63) == std::vector{1, 2, 4, 8, 16, 32});
  CHECK(powers_of_two(64) == std::vector{1, 2, 4, 8, 16, 32, 64});
}
