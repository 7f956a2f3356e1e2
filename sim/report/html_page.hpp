#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/report/page_parts.hpp"
#include "sim/report/scatter_svg.hpp"

namespace helixsim {

/// HTML that grows by elements.
class HtmlPage {
 public:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void paragraph(std::string_view what, const std::string& text) {
    add("<p class=\"{}\">{}</p>\n", what, html_escaped(text));
  }
  void plot(std::string_view title, const ScatterPlot& plot) {
    add("<div class=\"plot-of\"><h4>{}</h4>{}</div>\n", html_escaped(title), scatter_svg(plot));
  }
  void key(const std::vector<std::pair<std::string, std::string>>& entries) {
    add("<div class=\"key\">");
    for (const auto& [kind, text] : entries) {
      add("<span><span class=\"swatch {}\"></span>{}</span>", kind, html_escaped(text));
    }
    add("</div>\n");
  }
  /// Columns whose name begins with "#" hold numbers.
  void table_head(const std::vector<std::string_view>& columns) {
    add("<div class=\"scroll\"><table class=\"figures\"><thead><tr>");
    numbers_.clear();
    for (std::string_view column : columns) {
      numbers_.push_back(column.starts_with('#'));
      if (numbers_.back()) column.remove_prefix(1);
      add("<th{}>{}</th>", numbers_.back() ? " class=\"number\"" : "", html_escaped(column));
    }
    add("</tr></thead><tbody>\n");
  }
  /// Cells are HTML.
  void row(const std::vector<std::string>& cells) {
    add("<tr>");
    for (std::size_t i = 0; i < cells.size(); ++i) {
      add("<td{}>{}</td>", numbers_[i] ? " class=\"number\"" : "", cells[i]);
    }
    add("</tr>\n");
  }
  void table_end() { add("</tbody></table></div>\n"); }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  std::string out_;
  std::vector<bool> numbers_;
};

}  // namespace helixsim
