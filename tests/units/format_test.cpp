#include <catch2/catch.hpp>
#include <string>

#include "sim/units/format.hpp"

using namespace helixsim;

TEST_CASE("a time takes the largest prefix that leaves it at least one", "[units][format]") {
  CHECK(format_time(Seconds(12.3e-6)) == "12.3 us");
  CHECK(format_time(Seconds(1.0)) == "1 s");
  CHECK(format_time(Seconds(2e-9)) == "2 ns");
  CHECK(format_time(Seconds(2e-12)) == "0.002 ns");
  CHECK(format_time(Seconds()) == "0 us");
  CHECK(format_time(Seconds(-3e-3)) == "-3 ms");
}

TEST_CASE("the prefix changes where four digits would round up to a thousand", "[units][format]") {
  CHECK(format_time(Seconds(0.99949e-3)) == "999.5 us");
  CHECK(format_time(Seconds(0.99996e-3)) == "1 ms");
  CHECK(format_bytes(Bytes(999.4e6)) == "999.4 MB");
  CHECK(format_bytes(Bytes(1e9)) == "1 GB");
}

TEST_CASE("bytes and rates print with decimal prefixes", "[units][format]") {
  CHECK(format_bytes(Bytes(171.12e9)) == "171.1 GB");
  CHECK(format_bytes(Bytes(13.4e12)) == "13.4 TB");
  CHECK(format_bytes(Bytes(512)) == "512 B");
  CHECK(format_bytes(Bytes()) == "0 B");
  CHECK(format_rate(BytesPerSecond(8e12)) == "8 TB/s");
  CHECK(format_rate(BytesPerSecond(900e9)) == "900 GB/s");
}

TEST_CASE("round token counts get k and M, others stay plain to the last token",
          "[units][format]") {
  CHECK(format_tokens(1e6) == "1M");
  CHECK(format_tokens(64000) == "64k");
  CHECK(format_tokens(2.5e6) == "2.5M");
  CHECK(format_tokens(999) == "999");
  CHECK(format_tokens(4096) == "4096");
  CHECK(format_tokens(131072) == "131072");
  CHECK(format_tokens(1048576) == "1048576");
}

TEST_CASE("counts are grouped by thousands", "[units][format]") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1000) == "1,000");
  CHECK(format_count(1234567) == "1,234,567");
  CHECK(format_count(-1234567) == "-1,234,567");
}

TEST_CASE("exact text reads back as the same number", "[units][format]") {
  const double value = GENERATE(0.1, 1.0 / 3.0, 186e9, 2.3e-308, 1.7976931348623157e308, -2.5e-12);
  CHECK(std::stod(format_exact(value)) == value);
}
