#include <catch2/catch.hpp>
#include <concepts>
#include <type_traits>

#include "sim/units/literals.hpp"
#include "sim/units/quantity.hpp"

using namespace helixsim;
using namespace helixsim::literals;

namespace {

template <typename A, typename B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <typename A, typename B>
concept Comparable = requires(A a, B b) {
  a < b;
};

static_assert(std::is_same_v<decltype(Bytes() / BytesPerSecond(1)), Seconds>);
static_assert(std::is_same_v<decltype(Flops() / FlopsPerSecond(1)), Seconds>);
static_assert(std::is_same_v<decltype(Bytes() / Seconds(1)), BytesPerSecond>);
static_assert(std::is_same_v<decltype(FlopsPerSecond() * Seconds()), Flops>);
static_assert(std::is_same_v<decltype(Bytes() / Bytes(1)), double>);
static_assert(
    std::is_same_v<decltype(Seconds() * (Seconds(1) / (Seconds(1) * Seconds(1)))), double>);

static_assert(Addable<Bytes, Bytes> && Comparable<Bytes, Bytes>);
static_assert(!Addable<Bytes, Seconds> && !Comparable<Bytes, Seconds>);
static_assert(!Addable<Bytes, double> && !std::convertible_to<double, Bytes>);
static_assert(!std::convertible_to<Bytes, double>);

}  // namespace

TEST_CASE("a quotient of quantities has the value of the quotient of base units", "[units]") {
  CHECK((16_GB / 8.0_TBps).value() == Approx(16e9 / 8e12));
  CHECK((Flops(5e15) / 10.0_PFlops).value() == Approx(0.5));
  CHECK(10_us / 2.5_us == Approx(4.0));
}

TEST_CASE("GB is 10^9 and GiB is 2^30", "[units]") {
  CHECK((1_GB).value() == 1e9);
  CHECK((1_GiB).value() == 1024.0 * 1024.0 * 1024.0);
}

TEST_CASE("quantities add, scale and compare within their dimension", "[units]") {
  Seconds time = 2_us;
  time += 3_us;
  time -= 1_us;
  time *= 2.0;
  CHECK(time.value() == Approx(8e-6));
  CHECK((-time).value() == Approx(-8e-6));
  CHECK(0.5 * time == time / 2.0);
  CHECK(1_us < 2_us);
  CHECK(Seconds() == 0_us);
}
