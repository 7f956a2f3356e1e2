#include "tools/calibrate/kernels/arithmetic/formats.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace helixsim::kernels;

TEST_CASE("BF16 numbers are read exactly and written to the nearest, ties to even",
          "[kernels][formats]") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Bf16 value{static_cast<std::uint16_t>(bits)};
    const float number = to_float(value);
    if (std::isnan(number)) {
      CHECK(std::isnan(to_float(to_bf16(number))));
    } else if (to_bf16(number).bits != bits) {
      FAIL("not the same: " << bits);
    }
  }
  CHECK(to_bf16(1.0f + 1.0f / 256).bits == to_bf16(1.0f).bits);      // a tie, to even
  CHECK(to_float(to_bf16(1.0f + 3.0f / 256)) == 1.0f + 4.0f / 256);  // a tie, to even
  CHECK(to_float(to_bf16(1.0f + 1.1f / 256)) == 1.0f + 2.0f / 256);
}

TEST_CASE("E4M3 numbers are those of the OCP table and written to the nearest",
          "[kernels][formats]") {
  CHECK(to_float(E4m3{0x7E}) == 448.0f);
  CHECK(to_float(E4m3{0x08}) == std::ldexp(1.0f, -6));
  CHECK(to_float(E4m3{0x01}) == std::ldexp(1.0f, -9));
  CHECK(std::isnan(to_float(E4m3{0x7F})));
  CHECK(to_e4m3(1e9f).bits == 0x7E);
  CHECK(to_e4m3(-1e9f).bits == 0xFE);
  CHECK(to_e4m3(std::numeric_limits<float>::infinity()).bits == 0x7E);
  CHECK((to_e4m3(std::nanf("")).bits & 0x7F) == 0x7F);
  for (unsigned sign : {0u, 0x80u}) {
    for (unsigned low = 0; low < 0x7E; ++low) {
      const E4m3 below{static_cast<std::uint8_t>(sign | low)};
      const E4m3 above{static_cast<std::uint8_t>(sign | (low + 1))};
      CHECK(to_e4m3(to_float(below)).bits == below.bits);
      const float between = 0.5f * (to_float(below) + to_float(above));
      CHECK(to_e4m3(between).bits == (low % 2 == 0 ? below.bits : above.bits));
      CHECK(to_e4m3(std::nextafter(between, to_float(below))).bits == below.bits);
      CHECK(to_e4m3(std::nextafter(between, to_float(above))).bits == above.bits);
    }
  }
}

TEST_CASE("E2M1 numbers are written to the nearest, ties to the even pattern",
          "[kernels][formats]") {
  const float numbers[] = {0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f};
  for (unsigned i = 0; i < 8; ++i) {
    const E2m1 pattern{static_cast<std::uint8_t>(i)};
    CHECK(to_float(pattern) == numbers[i]);
    CHECK(to_float(E2m1{static_cast<std::uint8_t>(i | 8)}) == -numbers[i]);
    CHECK(to_e2m1(numbers[i]).bits == i);
    if (i == 7) break;
    const float between = 0.5f * (numbers[i] + numbers[i + 1]);
    CHECK(to_e2m1(between).bits == (i % 2 == 0 ? i : i + 1));
    CHECK(to_e2m1(std::nextafter(between, 9.0f)).bits == i + 1);
    CHECK(to_e2m1(-std::nextafter(between, 0.0f)).bits == (i | 8));
  }
  CHECK(to_e2m1(100.0f).bits == 7);
}
