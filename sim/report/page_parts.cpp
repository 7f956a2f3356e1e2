#include "sim/report/page_parts.hpp"

namespace helixsim {

std::string filled_page(std::string_view page, std::span<const PagePart> parts) {
  std::string filled;
  for (const PagePart& part : parts) {
    const auto at = page.find(part.marker);
    filled += page.substr(0, at);
    filled += part.text;
    page.remove_prefix(at + part.marker.size());
  }
  filled += page;
  return filled;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_escaped(const std::string& json) {
  std::string out;
  out.reserve(json.size());
  std::string_view rest = json;
  for (auto at = rest.find('<'); at != std::string_view::npos; at = rest.find('<')) {
    out += rest.substr(0, at);
    out += "\\u003c";
    rest.remove_prefix(at + 1);
  }
  out += rest;
  return out;
}

}  // namespace helixsim
