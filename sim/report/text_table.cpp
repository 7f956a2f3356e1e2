#include "sim/report/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace helixsim {

std::string TextTable::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = columns_[c].head.size();
    for (const auto& row : rows_) width = std::max(width, c < row.size() ? row[c].size() : 0);
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    std::string out;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) out += "  ";
      out += columns_[c].align == Align::Right ? fmt::format("{:>{}}", cell(c), widths[c])
                                               : fmt::format("{:<{}}", cell(c), widths[c]);
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + "\n";
  };
  std::string out = line([&](std::size_t c) { return columns_[c].head; });
  out += line([&](std::size_t c) { return std::string(widths[c], '-'); });
  for (const auto& row : rows_)
    out += line([&](std::size_t c) { return c < row.size() ? row[c] : std::string(); });
  return out;
}

}  // namespace helixsim
