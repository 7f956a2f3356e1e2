#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/report/claims_table.hpp"
#include "sim/report/frontier_table.hpp"
#include "sim/report/text_table.hpp"
#include "tests/report/report_case.hpp"

using namespace helixsim;

namespace {

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) widest = std::max(widest, line.size());
  return widest;
}

}  // namespace

TEST_CASE("a table puts numbers to the right, texts to the left and a rule under the head",
          "[report][tables]") {
  TextTable table({{"name", TextTable::Align::Left}, {"n"}});
  table.add({"a", "10"});
  table.add({"longer"});
  CHECK(table.text() ==
        "name     n\n"
        "------  --\n"
        "a       10\n"
        "longer\n");
}

TEST_CASE("claims are wrapped to 80 columns, verdict first, and lose no word", "[report][tables]") {
  std::string words;
  for (int i = 0; i < 60; ++i) words += (i > 0 ? " word" : "word") + std::to_string(i);
  const ReportClaim claim{.name = "c",
                          .text = words,
                          .model = "m",
                          .context = 1e6,
                          .published = "2",
                          .ours = words,
                          .band = "1 to 3",
                          .verdict = "fail",
                          .where = words,
                          .source = "s"};
  const std::string text = claims_table({claim});
  CHECK(text.starts_with("fail      m at 1M: word0"));
  CHECK(widest_line(text) <= 80);
  for (const char* part : {"word59", "published 2", "band 1 to 3"})
    CHECK(text.find(part) != std::string::npos);
  std::string joined;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) joined += word + " ";
  CHECK(joined.find("ours " + words + "; published 2; band 1 to 3 (" + words + ")") !=
        std::string::npos);
}

TEST_CASE("claims as JSON and CSV hold the same cells", "[report][tables]") {
  ReportClaim claim{.name = "c,1",
                    .text = "t \"x\"",
                    .model = "m",
                    .context = 1e6,
                    .published = "",
                    .ours = "1x, 2x",
                    .band = "",
                    .verdict = "reported",
                    .where = "w",
                    .source = "figure 5, left"};
  const nlohmann::json json = nlohmann::json::parse(claims_json({claim}));
  CHECK(json["claims"][0]["band"].is_null());
  CHECK(json["claims"][0]["ours"] == "1x, 2x");
  CHECK(json["claims"][0]["context_tokens"] == 1e6);
  CHECK(claims_csv({claim}) ==
        "name,verdict,model,context_tokens,text,published,ours,band,where,source\n"
        "\"c,1\",reported,m,1000000,\"t \"\"x\"\"\",,\"1x, 2x\",,w,\"figure 5, left\"\n");
}

TEST_CASE("frontier tables show both ends of every frontier over the baseline",
          "[report][tables]") {
  const ReportData data = small_run().report(0);
  const std::string text = frontier_tables(data);
  const ReportView& view = data.views[1];
  CHECK(text.find("Llama-3.1-405B at 1M tokens") != std::string::npos);
  const auto& helix = *view.frontier("helix");
  const ReportPoint& fast = view.points[static_cast<std::size_t>(helix.front())];
  char ratio[32];
  std::snprintf(ratio, sizeof ratio, "%.2fx",
                view.interactivity(fast) / view.interactivity_max.value());
  CHECK(text.find(ratio) != std::string::npos);
  CHECK(text.find("baseline") != std::string::npos);
  CHECK(widest_line(text) <= 80);
}

TEST_CASE("counts are told in one sentence", "[report][tables]") {
  CHECK(counts_sentence({.simulated = 432,
                         .infeasible_weights = 3,
                         .infeasible_kv_cache = 1170,
                         .invalid = 2310}) ==
        "432 points simulated, 1,173 infeasible, 2,310 invalid\n"
        "(infeasible: 1,170 KV cache, 3 weights)");
  CHECK(counts_sentence({.simulated = 432,
                         .infeasible_weights = 0,
                         .infeasible_kv_cache = 0,
                         .invalid = 1,
                         .pruned = 0}) ==
        "432 points simulated, 0 pruned, 0 infeasible, 1 invalid\n"
        "(infeasible: 0 KV cache, 0 weights)");
}
