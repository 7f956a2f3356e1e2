#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace helixsim {

/// A table of comma-separated values with a line of column names, whole in memory. Values hold no
/// quotes or commas.
class CsvTable {
 public:
  /// Errors: ConfigError for a file that cannot be read and lines of another width.
  explicit CsvTable(const std::string& file);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::size_t rows() const { return cells_.size() / columns_.size(); }
  /// Errors: ConfigError for a column that is not there.
  [[nodiscard]] std::size_t column(std::string_view name) const;
  [[nodiscard]] std::string_view text(std::size_t row, std::size_t column) const {
    return cells_[row * columns_.size() + column];
  }
  /// What messages call a cell: "file:line: column".
  [[nodiscard]] std::string place(std::size_t row, std::size_t column) const;
  /// Errors: ConfigError for what is no number within the range.
  [[nodiscard]] double number(std::size_t row, std::size_t column, double low = 1e-6,
                              double high = 1e15) const;

 private:
  std::string file_;
  std::string text_;
  std::vector<std::size_t> lines_;  ///< of the rows, for messages
  std::vector<std::string_view> columns_;
  std::vector<std::string_view> cells_;
};

}  // namespace helixsim
