#include "sim/calibration/csv_table.hpp"

#include <catch2/catch.hpp>

#include "sim/config/config_error.hpp"
#include "tests/calibration/temporary_table.hpp"

using namespace helixsim;

namespace {

std::string message_of(const std::string& text, std::size_t row, std::string_view column) {
  const TemporaryTable file("t.csv", text);
  try {
    const CsvTable table(file.path());
    (void)table.number(row, table.column(column));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a table gives its cells by name of column", "[calibration]") {
  const TemporaryTable file("t.csv", "dtype,m,latency_us\r\nfp8,16,1.5\r\n\nbf16,32,2e1\n");
  const CsvTable table(file.path());
  CHECK(table.rows() == 2);
  CHECK(table.text(1, table.column("dtype")) == "bf16");
  CHECK(table.number(0, table.column("m")) == 16.0);
  CHECK(table.number(1, table.column("latency_us")) == 20.0);
}

TEST_CASE("what is wrong in a table is named by file, line and column", "[calibration][errors]") {
  CHECK(message_of("a,b\n1,2\n", 0, "c").find("no column \"c\"") != std::string::npos);
  CHECK(message_of("a,b\n1,2\n3\n", 0, "a").find("t.csv:3: 1 values under 2 columns") !=
        std::string::npos);
  CHECK(message_of("a,b\n\n1,x\n", 0, "b").find("t.csv:3: b: expected a number") !=
        std::string::npos);
  for (const char* value : {"nan", "inf", "-1", "0", "1e300", "1 ", ""}) {
    CAPTURE(value);
    CHECK(message_of("a\n" + std::string(value) + ",\n", 0, "a") != "");
  }
  CHECK_THROWS_AS(CsvTable("no such file.csv"), ConfigError);
  const TemporaryTable empty("empty.csv", "");
  CHECK_THROWS_AS(CsvTable(empty.path()), ConfigError);
}
