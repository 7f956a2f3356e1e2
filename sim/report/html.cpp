#include "sim/report/html.hpp"

#include <string_view>

extern "C" {
extern const char helixsim_asset_page_html[];
extern const char helixsim_asset_page_html_end[];
extern const char helixsim_asset_page_css[];
extern const char helixsim_asset_page_css_end[];
extern const char helixsim_asset_page_js[];
extern const char helixsim_asset_page_js_end[];
extern const char helixsim_asset_echarts[];
extern const char helixsim_asset_echarts_end[];
}

namespace helixsim {
namespace {

std::string_view asset(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
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

/// JSON that no HTML parser can take for the end of its element: "<" occurs only inside texts.
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

struct Part {
  std::string_view marker;
  std::string_view text;
};

}  // namespace

std::optional<std::string> report_html(const ReportData& data) {
  return report_html(data, to_json(data));
}

std::optional<std::string> report_html(const ReportData& data, const std::string& report_json) {
  const std::string_view echarts = asset(helixsim_asset_echarts, helixsim_asset_echarts_end);
  if (echarts.empty()) return std::nullopt;
  const std::string title = html_escaped(data.title);
  const std::string json = json_escaped(report_json);
  // In the order of the template; each part is put in once, so that a marker inside a user's text
  // stays a text.
  const Part parts[] = {
      {"{{title}}", title},
      {"/*{{css}}*/", asset(helixsim_asset_page_css, helixsim_asset_page_css_end)},
      {"{{data}}", json},
      {"/*{{echarts}}*/", echarts},
      {"/*{{script}}*/", asset(helixsim_asset_page_js, helixsim_asset_page_js_end)}};
  std::string_view rest = asset(helixsim_asset_page_html, helixsim_asset_page_html_end);
  std::string page;
  for (const Part& part : parts) {
    const auto at = rest.find(part.marker);
    page += rest.substr(0, at);
    page += part.text;
    rest.remove_prefix(at + part.marker.size());
  }
  page += rest;
  return page;
}

}  // namespace helixsim
