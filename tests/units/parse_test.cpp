#include <catch2/catch.hpp>
#include <string>

#include "sim/units/parse.hpp"

using namespace helixsim;

TEST_CASE("a text with its unit is read in base units", "[units][parse]") {
  CHECK(parse_time("2.5 us")->value() == Approx(2.5e-6));
  CHECK(parse_time("7 ps")->value() == Approx(7e-12));
  CHECK(parse_bytes("186 GB")->value() == 186e9);
  CHECK(parse_bytes("80 GiB")->value() == 80.0 * 1073741824.0);
  CHECK(parse_rate("4.8 TB/s")->value() == Approx(4.8e12));
  CHECK(parse_rate("1 GiB/s")->value() == 1073741824.0);
  CHECK(parse_flop_rate("10 PFLOP/s")->value() == 1e16);
  CHECK(parse_tokens("1M") == 1e6);
  CHECK(parse_tokens("64k") == 64e3);
  CHECK(parse_tokens("1000000") == 1e6);
}

TEST_CASE("blanks around and between number and unit do not matter", "[units][parse]") {
  for (const std::string text : {"8TB/s", "8 TB/s", "  8   TB/s  ", "8.0e0 TB/s"}) {
    CAPTURE(text);
    REQUIRE(parse_rate(text));
    CHECK(parse_rate(text)->value() == 8e12);
  }
}

TEST_CASE("what is not a finite number and a known unit is refused", "[units][parse]") {
  for (const std::string text : {"", " ", "GB/s", "8", "8 tb/s", "8 TB", "8 TB/s 9", "x8 TB/s",
                                 "8,5 TB/s", "inf TB/s", "nan TB/s", "1e999 TB/s", "--8 TB/s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rate(text));
  }
  CHECK_FALSE(parse_time("5"));
  CHECK_FALSE(parse_time("5 min"));
  CHECK_FALSE(parse_bytes("5 GB/s"));
  CHECK_FALSE(parse_flop_rate("5 PFLOPS"));
  CHECK_FALSE(parse_tokens("1Mi"));
  CHECK_FALSE(parse_tokens("a lot"));
}
