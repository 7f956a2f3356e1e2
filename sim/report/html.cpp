#include "sim/report/html.hpp"

#include <string_view>

#include "sim/report/page_parts.hpp"

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

}  // namespace

std::optional<std::string> report_html(const ReportData& data) {
  return report_html(data, to_json(data));
}

std::optional<std::string> report_html(const ReportData& data, const std::string& report_json) {
  const std::string_view echarts = asset(helixsim_asset_echarts, helixsim_asset_echarts_end);
  if (echarts.empty()) return std::nullopt;
  const std::string title = html_escaped(data.title);
  const std::string json = json_escaped(report_json);
  const PagePart parts[] = {
      {"{{title}}", title},
      {"/*{{css}}*/", asset(helixsim_asset_page_css, helixsim_asset_page_css_end)},
      {"{{data}}", json},
      {"/*{{echarts}}*/", echarts},
      {"/*{{script}}*/", asset(helixsim_asset_page_js, helixsim_asset_page_js_end)}};
  return filled_page(asset(helixsim_asset_page_html, helixsim_asset_page_html_end), parts);
}

}  // namespace helixsim
