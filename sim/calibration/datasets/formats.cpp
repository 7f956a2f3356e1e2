#include <algorithm>
#include <iterator>

#include "sim/calibration/datasets/dataset.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"

namespace helixsim {
namespace {

constexpr TableFormat kTable[] = {
    {"bfloat16", 2.0, MathRate::Bf16},
    {"fp8", 1.0, MathRate::Fp8},
    {"fp8_block", 1.0 + 4.0 / 16384.0, MathRate::Fp8},  // a 4-byte scale for 128 x 128
    {"nvfp4", 0.5 + 1.0 / 16.0, MathRate::Fp4},         // a 1-byte scale for 16
    {"w4a16_mxfp4", 0.5 + 1.0 / 32.0, MathRate::Bf16},  // a 1-byte scale for 32
    {"w4a8_mxfp4_mxfp8", 0.5 + 1.0 / 32.0, MathRate::Fp8},
    {"half", 2.0, MathRate::Bf16},
    {"int8", 1.0, MathRate::Fp8},
};

}  // namespace

const TableFormat* find_table_format(std::string_view name) {
  const auto found = std::find_if(std::begin(kTable), std::end(kTable),
                                  [&](const TableFormat& format) { return format.name == name; });
  return found == std::end(kTable) ? nullptr : found;
}

const TableFormat& table_format(const CsvTable& table, std::size_t row, std::size_t column) {
  const std::string_view name = table.text(row, column);
  if (const TableFormat* format = find_table_format(name)) return *format;
  throw ConfigError(table.place(row, column) + ": unknown format \"" + std::string(name) + "\"" +
                    suggestion(name, names_of(std::span<const TableFormat>(kTable))));
}

}  // namespace helixsim
