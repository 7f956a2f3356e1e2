#pragma once

#include <string>
#include <vector>

namespace helixsim {

/// Columns of text for a terminal: a rule under the head, numbers to the right, text to the left.
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
