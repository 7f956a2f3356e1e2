#include "hw_models/remembered.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "tests/support/random.hpp"

using namespace helixsim;

namespace {

double value_of(const std::array<double, 3>& numbers) {
  return numbers[0] * 1e6 + numbers[1] * 1e3 + numbers[2];
}

/// Asks for random numbers, fewer than there is room for, some of them not whole.
template <std::size_t Neighbours>
void check_random_numbers(std::uint32_t seed) {
  Random random(seed);
  Remembered<double, 3, Neighbours> remembered;
  std::set<std::array<double, 3>> asked;
  int computed = 0;
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    const double last = random.between(0, 99) * (random.coin() ? 0.25 : 3.0);
    const std::array numbers{1.0 * random.between(1, 4), 1.0 * random.between(0, 9), last};
    asked.insert(numbers);
    const double value = remembered.of(numbers, [&] {
      ++computed;
      return value_of(numbers);
    });
    wrong += value == value_of(numbers) ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(computed == static_cast<int>(asked.size()));
}

}  // namespace

TEST_CASE("what is remembered is what was computed, and is computed once",
          "[hw_models][remembered][property]") {
  const auto seed = GENERATE(range(0U, 10U));
  CAPTURE(seed);
  check_random_numbers<1>(seed);
  check_random_numbers<8>(seed);
}

TEST_CASE("more values than there is room for are forgotten, not mixed up",
          "[hw_models][remembered]") {
  Remembered<double, 2> remembered;
  int wrong = 0;
  for (int turn = 0; turn < 3; ++turn) {
    for (int i = 0; i < 100'000; ++i) {
      const double value = remembered.of({1.0, 1.0 * i}, [&] { return std::sqrt(i); });
      wrong += value == std::sqrt(i) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("any last number may be asked for", "[hw_models][remembered]") {
  Remembered<double, 2, 8> remembered;
  const std::vector<double> lasts = {
      -0.0, 0.0,   1e-300,       0.5,          7.0,          8.0,      8.0000000000000018, -1.0,
      -8.0, 1e300, 2147483647.0, 2147483648.0, 4294967296.0, INFINITY, -INFINITY,          NAN};
  for (int turn = 0; turn < 2; ++turn) {
    for (std::size_t i = 0; i < lasts.size(); ++i) {
      CAPTURE(lasts[i]);
      const auto place = static_cast<double>(i);
      CHECK(remembered.of({1.0, lasts[i]}, [&] { return turn == 0 ? place : -1.0; }) == place);
    }
  }
}
