#include "sim/calibration/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"

namespace helixsim {
namespace {

void split(std::string_view line, std::vector<std::string_view>& cells) {
  while (true) {
    const auto comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

std::string read_whole(const std::string& file) {
  constexpr std::uintmax_t kMost = std::uintmax_t{1} << 30;
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) throw ConfigError(file + ": cannot be read");
  if (size > kMost) throw ConfigError(file + ": larger than 1 GiB");
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (!in) throw ConfigError(file + ": cannot be read");
  return text;
}

}  // namespace

CsvTable::CsvTable(const std::string& file) : file_(file), text_(read_whole(file)) {
  std::string_view rest = text_;
  std::size_t line_number = 0;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (columns_.empty()) {
      split(line, columns_);
      continue;
    }
    const std::size_t before = cells_.size();
    lines_.push_back(line_number);
    split(line, cells_);
    if (cells_.size() - before != columns_.size()) {
      throw ConfigError(fmt::format("{}:{}: {} values under {} columns", file_, line_number,
                                    cells_.size() - before, columns_.size()));
    }
  }
  if (columns_.empty()) throw ConfigError(file_ + ": expected a line of column names");
}

std::size_t CsvTable::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) {
    const std::vector<std::string> names(columns_.begin(), columns_.end());
    throw ConfigError(file_ + ": no column \"" + std::string(name) + "\"" +
                      suggestion(name, names));
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

std::string CsvTable::place(std::size_t row, std::size_t column) const {
  return fmt::format("{}:{}: {}", file_, lines_[row], columns_[column]);
}

double CsvTable::number(std::size_t row, std::size_t column, double low, double high) const {
  const std::string_view cell = text(row, column);
  double value = 0.0;
  const auto parsed = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == cell.data() + cell.size();
  if (!whole || !(value >= low && value <= high)) {
    throw ConfigError(fmt::format("{}: expected a number from {:g} to {:g}, got \"{}\"",
                                  place(row, column), low, high, cell));
  }
  return value;
}

}  // namespace helixsim
