#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "sim/units/precision.hpp"

using namespace helixsim;

TEST_CASE("bytes an element count the scales of the format", "[units][precision]") {
  CHECK(bytes_per_element(Precision::Bf16) == 2.0);
  CHECK(bytes_per_element(Precision::Fp8) == 1.0);
  CHECK(bytes_per_element(Precision::Fp8Block) == 1.0 + 4.0 / (128 * 128));
  CHECK(bytes_per_element(Precision::Nvfp4) == 0.5625);  // one FP8 scale for 16 elements
  CHECK(bytes_per_element(Precision::Fp4) == 0.5);
}

TEST_CASE("scales do not change the arithmetic rate", "[units][precision]") {
  CHECK(entry(Precision::Fp8Block).rate == entry(Precision::Fp8).rate);
  CHECK(entry(Precision::Nvfp4).rate == entry(Precision::Fp4).rate);
}

TEST_CASE("every format is found by its own name and by no other",
          "[units][precision][conformance]") {
  std::set<std::string> names;
  for (const PrecisionEntry& row : precisions()) {
    CAPTURE(row.name);
    CHECK(&entry(row.precision) == &row);
    CHECK(find_precision(row.name) == row.precision);
    CHECK(names.insert(std::string(row.name)).second);
  }
  CHECK_FALSE(find_precision("fp16"));
  CHECK_FALSE(find_precision(""));
  CHECK_FALSE(find_precision("FP8"));
}
