#include "sim/report/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace helixsim {

std::vector<std::string> wrap_words(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width)
      lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
    begin = end + 1;
  }
  return lines;
}

std::string TextTable::text() const {
  constexpr std::size_t kGap = 2;
  constexpr std::size_t kNarrowestWrap = 20;
  std::vector<std::size_t> widths;
  std::size_t before_last = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = columns_[c].head.size();
    for (const auto& row : rows_) width = std::max(width, c < row.size() ? row[c].size() : 0);
    if (c + 1 < columns_.size()) before_last += width + kGap;
    widths.push_back(width);
  }
  const bool wraps =
      columns_.back().align == Align::Left && before_last + widths.back() > kTerminalColumns;
  if (wraps) {
    const std::size_t room = kTerminalColumns > before_last ? kTerminalColumns - before_last : 0;
    widths.back() = std::max(kNarrowestWrap, room);
  }
  const auto line = [&](const auto& cell) {
    std::string out;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) out.append(kGap, ' ');
      out += columns_[c].align == Align::Right ? fmt::format("{:>{}}", cell(c), widths[c])
                                               : fmt::format("{:<{}}", cell(c), widths[c]);
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + "\n";
  };
  std::string out = line([&](std::size_t c) { return columns_[c].head; });
  out += line([&](std::size_t c) { return std::string(widths[c], '-'); });
  for (const auto& row : rows_) {
    const std::size_t last = columns_.size() - 1;
    const std::string last_cell = row.size() > last ? row[last] : std::string();
    const auto pieces =
        wraps ? wrap_words(last_cell, widths.back()) : std::vector<std::string>{last_cell};
    for (std::size_t p = 0; p < pieces.size(); ++p) {
      out += line([&](std::size_t c) {
        if (c == last) return pieces[p];
        return p == 0 && c < row.size() ? row[c] : std::string();
      });
    }
  }
  return out;
}

}  // namespace helixsim
