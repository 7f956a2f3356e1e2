#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

namespace helixsim {

/// Text as the content of an XML element; what XML does not allow is left out.
std::string xml_escaped(std::string_view text);

/// 1, 2 or 5 times a power of ten: about six steps up to `largest`.
double tick_step(double largest);

/// The text of an SVG figure that grows by elements.
class SvgFigure {
 public:
  /// `attributes` of the root element beside its size.
  SvgFigure(double width, double height, std::string_view attributes);

  void text(double x, double y, std::string_view anchor, std::string_view extra,
            std::string_view content);
  void line(double x1, double y1, double x2, double y2, std::string_view colour);
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  [[nodiscard]] std::string finish() const { return out_ + "</svg>\n"; }

 private:
  std::string out_;
};

}  // namespace helixsim
