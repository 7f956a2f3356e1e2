#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace helixsim {

inline constexpr std::size_t kTerminalColumns = 80;

/// Words of `text` in lines of at most `width` columns (a longer word stands alone).
std::vector<std::string> wrap_words(const std::string& text, std::size_t width);

/// Columns of text for a terminal: a rule under the head, numbers to the right, text to the left. A
/// last column of text is wrapped where the table would be wider than the terminal.
class TextTable {
 public:
  enum class Align { Left, Right };
  struct Column {
    std::string head;
    Align align = Align::Right;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace helixsim
