#include "sim/calibration/record.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/calibration/record_file.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;

namespace {

MeasuredRecord record_named(const std::string& kernel) {
  MeasuredRecord record;
  record.key = {.kernel = kernel,
                .variant = "mma16_bulk3",
                .impl = "own",
                .shape = {{"b", 8}, {"s", 131072}, {"kvh", 1}, {"g", 16}},
                .dtype = {{"kv", "bf16"}},
                .mode = "graph_cold"};
  record.bytes = 538968064;
  record.flops = 8589934592;
  record.timing = {.median_us = 124.9,
                   .p10_us = 124.2,
                   .p90_us = 126.0,
                   .empty_us = 1.2,
                   .reps = 16,
                   .samples = 60};
  record.check = {.error = 1.8e-3, .ok = true};
  record.gpu = {.name = "Some GPU",
                .sm = "9.0",
                .sms = 132,
                .l2_bytes = 62914560,
                .memory_mhz = 3201,
                .uuid_hash = "ab12"};
  record.clocks = {
      .sm_median_mhz = 1980, .sm_least_mhz = 1965, .power_w = 610, .temperature_c = 58};
  record.software = {{"cuda", "13.0"}};
  record.utc = "2026-11-22T00:00:00Z";
  record.suspect = true;
  return record;
}

Node node_of(const std::string& line) {
  return parse_json(line, "r.jsonl:1");
}

}  // namespace

TEST_CASE("a record is read as it was written", "[harness][record]") {
  const MeasuredRecord record = record_named("gqa_decode");
  const std::string line = to_json_line(record);
  CHECK(line.find('\n') == std::string::npos);
  const MeasuredRecord again = read_record(node_of(line));
  CHECK(again.key == record.key);
  CHECK(to_json_line(again) == line);
}

TEST_CASE("a check that a kernel failed with infinities is read back", "[harness][record]") {
  for (const double error : {HUGE_VAL, std::nan("")}) {
    MeasuredRecord record = record_named("gqa_decode");
    record.check = {.error = error, .ok = false};
    const MeasuredRecord again = read_record(node_of(to_json_line(record)));
    CHECK_FALSE(again.check.ok);
    CHECK(again.check.error > 1e100);
  }
}

TEST_CASE("a shape that laws cannot take a logarithm of is refused with its place",
          "[harness][record]") {
  const auto with_shape = [](const std::string& kernel, const std::string& variant,
                             std::map<std::string, long long> shape) {
    MeasuredRecord record = record_named(kernel);
    record.key.variant = variant;
    record.key.shape = std::move(shape);
    return node_of(to_json_line(record));
  };
  CHECK_NOTHROW(read_record(with_shape("gemm", "v", {{"m", 1}, {"n", 8}, {"k", 8}})));
  CHECK_THROWS_WITH(read_record(with_shape("gemm", "v", {{"m", 1}, {"n", 8}})),
                    "r.jsonl:1: /shape: missing key \"k\"");
  CHECK_THROWS_WITH(read_record(with_shape("gemm", "v", {{"m", 0}, {"n", 8}, {"k", 8}})),
                    Catch::Contains("r.jsonl:1: /shape/m: 0 is outside [1, "));
  CHECK_THROWS_WITH(
      read_record(with_shape("gqa_decode", "v",
                             {{"b", 1'000'000'000}, {"s", 8}, {"kvh", 1'000'000'000}, {"g", 1}})),
      Catch::Contains("/shape/b"));
  CHECK_THROWS_WITH(read_record(with_shape(
                        "hop_b", "sm_copy",
                        {{"b", 8}, {"s", 8}, {"kvh", 1}, {"g", 1}, {"chunks", 1'000'000'000'000}})),
                    Catch::Contains("/shape/chunks"));
  const std::map<std::string, long long> layer{{"b", 1},  {"s", 1},   {"h", 1},
                                               {"qh", 1}, {"kvp", 1}, {"split", 1}};
  CHECK_THROWS_WITH(read_record(with_shape("rank_layer", "gqa_dense_bf16", layer)),
                    Catch::Contains("missing key \"kvh\""));
  CHECK_THROWS_WITH(read_record(with_shape("rank_layer", "mla_moe_e4m3", layer)),
                    Catch::Contains("missing key \"qr\""));
  CHECK_NOTHROW(read_record(with_shape("of a later version", "v", {})));
}

TEST_CASE("keys tell cells apart by all that they hold", "[harness][record]") {
  const CellKey key = record_named("a").key;
  CellKey other = key;
  CHECK(other.text() == key.text());
  other.shape["s"] = 1;
  CHECK(other.text() != key.text());
  other = key;
  other.dtype["kv"] = "fp8";
  CHECK(other.text() != key.text());
  other = key;
  other.mode = "isolated";
  CHECK(other.text() != key.text());
}

TEST_CASE("mistakes in a record are answered with their place", "[harness][record]") {
  const auto wrong = [](const std::string& patch, const std::string& message) {
    nlohmann::json json = nlohmann::json::parse(to_json_line(record_named("a")));
    json.merge_patch(nlohmann::json::parse(patch));
    CHECK_THROWS_WITH(read_record(node_of(json.dump())), Catch::Contains(message));
  };
  wrong(R"({"schema": "helixsim/record/2"})", "r.jsonl:1: /schema: expected \"helixsim/record/1\"");
  wrong(R"({"median_us": -1})", "/median_us");
  wrong(R"({"median_us": 200})", "/median_us: lies outside of p10_us and p90_us");
  wrong(R"({"shape": {"b": 1.5}})", "/shape/b");
  wrong(R"({"gpu": null})", "gpu");
  wrong(R"({"reps": 0})", "/reps");
  wrong(R"({"gpu": {"count": 4294967297}})", "/gpu/count");  // 1 in 32 bits
  wrong("{\"software\": {\"" + std::string(201, 'x') + "\": \"1\"}}", "/software: expected keys");
  CHECK_NOTHROW(read_record(node_of([] {
    nlohmann::json json = nlohmann::json::parse(to_json_line(record_named("a")));
    json["later"] = 1;
    return json.dump();
  }())));
}

TEST_CASE("records are added to a file, after a torn line is cut off", "[harness][record]") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "r.jsonl";
  RecordAppender(file).append(record_named("a"));
  {
    std::ofstream torn(file, std::ios::app);
    torn << R"({"schema": "helixsim/rec)";
  }
  CHECK_FALSE(read_records(file).torn.empty());
  RecordAppender appender(file);
  appender.append(record_named("b"));
  const RecordList list = read_records(file);
  CHECK(list.torn.empty());
  REQUIRE(list.records.size() == 2);
  CHECK(list.records[1].key.kernel == "b");
  CHECK_THROWS_WITH(read_records(folder.path() / "none"), Catch::Contains("no such file"));
  std::ofstream(file, std::ios::app) << "no json\n";
  CHECK_THROWS_WITH(read_records(file), Catch::Contains("r.jsonl:3: expected a record"));
}

TEST_CASE("a whole record without the end of its line is read, and stays when others are added",
          "[harness][record]") {
  const TemporaryFolder folder;
  const std::string file = folder.file("r.jsonl", to_json_line(record_named("a")));
  CHECK(read_records(file).records.size() == 1);
  CHECK(read_records(file).torn.empty());
  RecordAppender(file).append(record_named("b"));
  const RecordList list = read_records(file);
  REQUIRE(list.records.size() == 2);
  CHECK(list.records[0].key.kernel == "a");
}

TEST_CASE("a file of something else is neither read as records nor cut", "[harness][record]") {
  const TemporaryFolder folder;
  const std::string text =
      GENERATE("notes", R"({"format":"helixsim/system/1"})", R"({"schema":1})");
  CAPTURE(text);
  const std::string file = folder.file("other", text);
  CHECK_THROWS_WITH(read_records(file), Catch::Contains("other:1: "));
  CHECK_THROWS_AS(RecordAppender(file), ConfigError);
  CHECK(contents(file) == text);
}

TEST_CASE("records are not read from a folder", "[harness][record]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read_records(folder.path()),
                    Catch::Contains(": is a folder, expected a file of records"));
  CHECK_THROWS_WITH(read_records(folder.path() / "none.jsonl"), Catch::Contains(": no such file"));
}
