#include "sim/report/html.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/report/report_case.hpp"

using namespace helixsim;

namespace {

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++n;
  return n;
}

/// The text of the data element.
std::string data_of(const std::string& page) {
  const std::string begin = R"(<script id="report-data" type="application/json">)";
  const auto at = page.find(begin) + begin.size();
  return page.substr(at, page.find("</script>", at) - at);
}

}  // namespace

TEST_CASE("the page holds the report's data, whatever its texts are", "[report][html]") {
  ReportData data = small_run().report(100);
  const auto plain = report_html(data);
  if (!plain) {
    WARN("built without the chart library (npm ci in tools/web)");
    return;
  }
  CHECK(nlohmann::json::parse(data_of(*plain)) == nlohmann::json::parse(to_json(data)));

  const std::string hostile =
      GENERATE(as<std::string>(), "</script><script>alert(1)</script>", "<!--<script>",
               "]]></SCRIPT >", "{{data}} {{title}}", "/*{{script}}*/ /*{{echarts}}*/ /*{{css}}*/",
               "&lt;/script&gt;", "$& \\0 \\u003c/script>");
  CAPTURE(hostile);
  data.title = hostile;
  data.views[0].model_title = hostile;
  data.claims[0].where = hostile;
  data.assumptions = {hostile};
  const std::string page = report_html(data).value();
  // The same elements and no more: no text of a user opens or closes one.
  for (const std::string_view part : {"<script", "</script", "<!--", "</title", "</style"}) {
    CAPTURE(part);
    CHECK(count(page, part) == count(*plain, part));
  }
  CHECK(data_of(page).find('<') == std::string::npos);
  CHECK(nlohmann::json::parse(data_of(page)) == nlohmann::json::parse(to_json(data)));
}

TEST_CASE("a marker inside a user's text stays a text", "[report][html]") {
  ReportData data = small_run().report(0);
  data.title = "{{data}} /*{{script}}*/";
  const auto page = report_html(data);
  if (!page) {
    WARN("built without the chart library (npm ci in tools/web)");
    return;
  }
  CHECK(page->find("<title>{{data}} /*{{script}}*/</title>") != std::string::npos);
  CHECK(count(*page, "\"format\":\"helixsim/report/1\"") == 1);
  CHECK(count(*page, "{{title}}") == 0);
}
