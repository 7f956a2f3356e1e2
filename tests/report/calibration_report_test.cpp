#include "sim/report/calibration_report.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/report/layer_table.hpp"
#include "sim/report/scatter_svg.hpp"

using namespace helixsim;

namespace {

std::string plain(double value) {
  return fmt::format("{:g}", value);
}

FamilyStudy some_family() {
  FamilyStudy family;
  family.family = "gemm/x";
  family.label = {.op = "gemm", .dtype = "x", .kernel = {}};
  family.rows = 30;
  family.error = {.median_percent = 4.0, .p90_percent = 10.0, .log_bias = 0.0, .log_sd = 0.0};
  for (int row = 0; row < 12; ++row) {
    family.held_out.push_back({.shape = fmt::format("shape {} <&\"", row),
                               .bytes = 1e6,
                               .measured = 1e-5,
                               .predicted = 1e-5 * (1.0 + 0.01 * row),
                               .law_alone = 1e-5});
  }
  for (const char* name : {"fixed", "bandwidth", "wave"}) {
    family.parameters.push_back({.name = name, .unit = "us", .scale = 1e-6, .value = 2e-6});
    ParameterIdentity identity;
    identity.profile = {{1e-6, 9.0}, {2e-6, 0.0}, {4e-6, 9.0}};
    identity.low = 1.5e-6;
    identity.high = 3e-6;
    identity.log_error = 0.05;
    family.identity.parameters.push_back(identity);
  }
  family.identity.parameters[1].tied_to = 0;
  family.identity.parameters[1].tied = -0.991;
  family.identity.parameters[2].pinned = family.identity.parameters[2].uncertain = true;
  family.identity.parameters[2].low_open = family.identity.parameters[2].high_open = true;
  family.identity.free = {0, 1};
  family.identity.correlation = {1.0, -0.991, -0.991, 1.0};
  family.identity.condition = 20.0;
  return family;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a dot lies where its axes put it, and what is beyond at their ends", "[report][svg]") {
  ScatterPlot plot;
  plot.x = logarithmic_axis("x", {1.0, 100.0}, plain);
  plot.y = linear_axis("y", -10.0, 10.0, plain);
  plot.points = {{.x = 10.0, .y = 0.0, .kind = "k", .title = "<t>"},
                 {.x = 1e6, .y = 99.0, .kind = "k", .title = ""}};
  const std::string svg = scatter_svg(plot);
  CHECK(svg.find("cx=\"228.0\" cy=\"132.0\"") != std::string::npos);  // half way of both
  CHECK(svg.find("cx=\"394.0\" cy=\"12.0\"") != std::string::npos);
  CHECK(svg.find("<title>&lt;t&gt;</title>") != std::string::npos);
}

TEST_CASE("axes hold their values in whole decades and rounded steps", "[report][svg]") {
  const ScatterAxis decades = logarithmic_axis("x", {3e-6, 0.0, 4e-4}, plain);
  CHECK(decades.low == Approx(1e-6));
  CHECK(decades.high == Approx(1e-3));
  const ScatterAxis none = logarithmic_axis("x", {}, plain);
  CHECK(none.low < none.high);
  const ScatterAxis linear = linear_axis("y", 0.0, 0.93, plain);
  CHECK(linear.low == 0.0);
  CHECK(linear.high >= 0.93);
}

TEST_CASE("a page shows the ten worst rows of a family, texts escaped", "[report][calibration]") {
  SystemStudy study;
  study.families.push_back(some_family());
  const std::string page = calibration_html({.name = "s", .title = "S </title>", .study = study});
  CHECK(page.find("S </title>") == std::string::npos);
  CHECK(page.find("The 10 worst") != std::string::npos);
  CHECK(page.find("<td>shape 11 &lt;&amp;&quot;</td>") != std::string::npos);
  CHECK(page.find("<td>shape 2 &lt;") != std::string::npos);
  CHECK(page.find("<td>shape 1 &lt;") == std::string::npos);             // the eleventh
  CHECK(count_of(page, "<circle class=\"dot latency\"") == 24);          // two plots of twelve
  CHECK(page.find("Fraction of the read stream") == std::string::npos);  // of records only
}

TEST_CASE("parameters are flagged in words, on the page and in the tables",
          "[report][calibration]") {
  SystemStudy study;
  study.families.push_back(some_family());
  const CalibrationReport report{.name = "s", .title = "S", .study = study};
  const FamilyStudy& family = study.families[0];
  CHECK(identity_flags(family, 0).empty());
  CHECK(identity_flags(family, 1) == "tied to fixed (-0.991)");
  CHECK(identity_flags(family, 2) == "pinned");
  CHECK(parameters_csv(report).find(",,,pinned\n") != std::string::npos);
  CHECK(calibration_html(report).find("not told") != std::string::npos);
  CHECK(calibration_table(report).find("bandwidth") != std::string::npos);
  study.families[0].parameters[0].value = 9e-6;
  CHECK(identity_flags(study.families[0], 0) == "outside of its interval");
}

TEST_CASE("names of kernels keep a table's columns, whatever is in them", "[report][calibration]") {
  SystemStudy study;
  study.families.push_back(some_family());
  study.families[0].family = "own/gemm/a,\"b\"";
  const CalibrationReport report{.name = "s,t", .title = "S", .study = study};
  const std::string start = "\n\"s,t\",\"own/gemm/a,\"\"b\"\"\",";
  CHECK(held_out_csv(report).find(start) != std::string::npos);
  CHECK(parameters_csv(report).find(start) != std::string::npos);
}

TEST_CASE("keys of layers are cells of a table", "[report][calibration]") {
  LayerPrediction layer;
  layer.key.kernel = "rank_layer";
  layer.measured = 1e-6;
  const std::string csv = layer_csv({&layer, 1});
  CHECK(csv.find("\n\"{\"\"kernel\"\":\"\"rank_layer\"\",") != std::string::npos);
  CHECK(count_of(csv, "\"") % 2 == 0);
  CHECK(csv.ends_with("}\",1,,,,\n"));
}

TEST_CASE("chunks gain over the same study in one", "[report][calibration]") {
  const auto study = [](long long chunks, const char* cache, double us) {
    LayerPrediction one;
    one.key = {.kernel = "hop_b",
               .variant = "sm_copy",
               .impl = "own",
               .shape = {{"b", 8},
                         {"s", 16384},
                         {"copy", 4096},
                         {"chunks", chunks},
                         {"split_each", 16 * chunks}},
               .dtype = {{"kv", cache}},
               .mode = "graph_cold"};
    one.measured = one.predicted.emplace(1e-6 * us);
    return one;
  };
  const std::vector<LayerPrediction> layers{study(1, "fp8", 50.0), study(1, "bf16", 100.0),
                                            study(2, "bf16", 80.0)};
  const std::string table = layer_table(layers, false);
  CAPTURE(table);
  const std::string cut = table.substr(table.find("chunks 2"));
  CHECK(count_of(cut, "20.0") == 2);     // of 100 us, not of the other cache's 50
  CHECK(count_of(table, "  0.0") == 4);  // one chunk over itself, measured and by laws
}

TEST_CASE("the page shows whole layers as sums of kernels, and what HOP-B gains",
          "[report][calibration][layers]") {
  CellKey layer{.kernel = "rank_layer",
                .variant = "gqa_dense_bf16",
                .impl = "own",
                .shape = {{"tpa", 1}, {"kvp", 8}, {"b", 8}, {"s", 16384}, {"pdl", 1}},
                .dtype = {},
                .mode = "graph_cold"};
  std::vector<LayerPrediction> layers{{.key = layer,
                                       .measured = 120e-6,
                                       .predicted = 108e-6,
                                       .parts = {{"qkv", "own/gemm/gemv_bf16", 50e-6},
                                                 {"decode", "gqa/bfloat16/grouped", 50e-6},
                                                 {"swiglu", "own/swiglu/bf16", 8e-6}},
                                       .missing = {}}};
  for (const int chunks : {1, 4}) {
    CellKey study = layer;
    study.kernel = "hop_b";
    study.shape = {{"b", 8}, {"s", 16384}, {"chunks", chunks}, {"copy", 1 << 20}};
    layers.push_back({.key = study,
                      .measured = chunks == 1 ? 100e-6 : 75e-6,
                      .predicted = chunks == 1 ? 100e-6 : 80e-6,
                      .parts = {},
                      .missing = {}});
  }
  layers.push_back(
      {.key = layer, .measured = 1e-4, .predicted = {}, .parts = {}, .missing = {"own/x/y"}});
  const SystemStudy study;
  CalibrationReport report{.name = "s", .title = "S", .study = study};
  CHECK(calibration_html(report).find("Whole layers") == std::string::npos);
  report.layers = layers;
  const std::string page = calibration_html(report);
  const auto has = [&](const std::string& text) { return page.find(text) != std::string::npos; };
  CHECK(has("gqa_dense_bf16 TPA1 KVP8 B8 S16,384, PDL"));
  CHECK(has("<td class=\"number\">-10.0</td>"));
  CHECK(has("<title>qkv: 50 us</title>"));
  CHECK(has("class=\"bar series3\" x=\"0.00\""));  // the first kernel begins where the layer does
  CHECK(has("<td class=\"number\">+25.0</td><td class=\"number\">+20.0</td>"));
  CHECK(has("no law or record of own/x/y"));
  CHECK(has("not predicted</td>"));
}

TEST_CASE("the page names the read stream of each GPU", "[report][calibration]") {
  std::vector<MeasuredRecord> records;
  for (const auto& [gpu, us] : {std::pair("a", 1000.0), std::pair("b", 2000.0)}) {
    for (const char* kernel : {"stream_read", "gemm"}) {
      MeasuredRecord record;
      record.key = {.kernel = kernel,
                    .variant = "loads",
                    .impl = "own",
                    .shape = {},
                    .dtype = {},
                    .mode = "graph_cold"};
      record.bytes = 4e9;
      record.timing = {.median_us = us, .p10_us = us, .p90_us = us};
      record.check.ok = true;
      record.gpu.uuid_hash = gpu;
      records.push_back(record);
    }
  }
  const SystemStudy study;
  const std::string page = calibration_html({.name = "s",
                                             .title = "S",
                                             .study = study,
                                             .aims = {},
                                             .records = records,
                                             .data_sheet_bandwidth = 8e12});
  CHECK(page.find("4.000 TB/s, 0.500 of the data sheet; 2.000 TB/s, 0.250 of the data sheet.") !=
        std::string::npos);
}

TEST_CASE("aims that are missed are named", "[report][calibration]") {
  SystemStudy study;
  study.families.push_back(some_family());
  CalibrationReport report{.name = "s", .title = "S", .study = study};
  CHECK(missed_aims(report).empty());
  report.aims = {.median_percent = 4.0, .p90_percent = 10.0};
  CHECK(missed_aims(report).empty());
  report.aims.p90_percent = 9.0;
  CHECK(missed_aims(report).size() == 1);
  CHECK(calibration_table(report).find("missed") != std::string::npos);
}
