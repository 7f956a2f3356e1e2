#include "sim/engine/time.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

TEST_CASE("engine times add, subtract, scale and compare exactly", "[engine][time]") {
  CHECK(ps(3) + ps(4) == ps(7));
  CHECK(ps(3) - ps(4) == ps(-1));
  CHECK(ps(3) * 5 == ps(15));
  CHECK(5 * ps(3) == ps(15));
  CHECK(ps(3) < ps(4));
  CHECK(SimTime() == ps(0));
  CHECK(ps(1'500'000).seconds().value() == 1.5e-6);
}

TEST_CASE("seconds become the nearest whole picosecond, halves away from zero", "[engine][time]") {
  CHECK(to_sim_time(Seconds(0.0)) == ps(0));
  CHECK(to_sim_time(Seconds(2.5e-6)) == ps(2'500'000));
  CHECK(to_sim_time(Seconds(0.25e-12)) == ps(0));
  CHECK(to_sim_time(Seconds(0.5e-12)) == ps(1));
  CHECK(to_sim_time(Seconds(1.5e-12)) == ps(2));
  CHECK(to_sim_time(Seconds(2.5e-12)) == ps(3));
}

TEST_CASE("rounding agrees with llround at every magnitude", "[engine][time]") {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-14.0, 6.0);
  for (int i = 0; i < 20'000; ++i) {
    const double seconds = std::pow(10.0, exponent(random));
    REQUIRE(to_sim_time(Seconds(seconds)) == ps(std::llround(seconds * 1e12)));
  }
}

TEST_CASE("a time that is not finite, negative or too long is refused", "[engine][time]") {
  CHECK_THROWS_AS(to_sim_time(Seconds(-1e-12)), std::logic_error);
  CHECK_THROWS_AS(to_sim_time(Seconds(std::numeric_limits<double>::quiet_NaN())), std::logic_error);
  CHECK_THROWS_AS(to_sim_time(Seconds(std::numeric_limits<double>::infinity())), std::logic_error);
  CHECK_THROWS_AS(to_sim_time(Seconds(4.7e6)), std::logic_error);  // 2^62 ps are 4.61e6 s
  CHECK_NOTHROW(to_sim_time(Seconds(4.6e6)));
}

TEST_CASE("a broken contract says where, without the folder", "[engine][contract]") {
  CHECK_NOTHROW(ensure(true, "fine"));
  CHECK_THROWS_WITH(ensure(false, "not fine"),
                    Catch::StartsWith("time_test.cpp:") && Catch::EndsWith(": not fine"));
}
