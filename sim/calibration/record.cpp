#include "sim/calibration/record.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace helixsim {
namespace {

using Json = nlohmann::ordered_json;

constexpr Range<double> kMicroseconds{0.0, 1e9};
constexpr double kMostError = 1e300;  // of a check
constexpr Range<long long> kCount{0, 1'000'000'000'000'000};
constexpr std::size_t kLongestName = 200;

/// Products of a few of them, which laws take logarithms of, stay whole numbers of a double.
constexpr Range<long long> kLawNumber{1, 10'000'000};

/// Numbers of a kernel's shape that laws divide by and take logarithms of.
struct LawNumbers {
  std::string_view kernel;
  std::string_view variant;  ///< how it begins
  std::vector<std::string_view> names;
};

const std::vector<LawNumbers>& law_numbers() {
  static const std::vector<LawNumbers> kTable = {
      {"gqa_decode", "", {"b", "s", "kvh", "g"}},
      {"mla_decode", "", {"b", "s", "h"}},
      {"gemm", "", {"m", "n", "k"}},
      {"grouped_gemm", "", {"me", "n", "k", "e"}},
      {"batched_gemm", "", {"m", "n", "k", "h"}},
      {"rms_norm", "", {"m", "width"}},
      {"swiglu", "", {"m", "width"}},
      {"quantise", "", {"m", "width"}},
      {"rope_append", "", {"b", "qh", "kvh"}},
      {"mla_append", "", {"b", "h"}},
      {"combine", "", {"rows", "parts", "width"}},
      {"router", "", {"m", "e"}},
      {"order_tokens", "", {"m", "e"}},
      {"finalise", "", {"m", "n"}},
      {"rank_layer", "", {"b", "s", "h", "qh", "kvp", "split"}},
      {"rank_layer", "gqa_dense", {"kvh", "f"}},
      {"rank_layer", "mla_moe", {"qr", "e", "fe", "fs"}},
      {"hop_b", "", {"b", "s", "kvh", "g", "chunks"}},
  };
  return kTable;
}

std::string read_name(const Node& node, std::string_view key) {
  std::string text = node.text(key);
  if (text.size() > kLongestName) node.at(key).fail("expected at most 200 characters");
  return text;
}

/// Keys that are names: of a shape's numbers, of formats, of software.
std::vector<std::string> read_keys(const Node& node) {
  std::vector<std::string> names = node.keys();
  for (const std::string& name : names) {
    if (name.size() > kLongestName) node.fail("expected keys of at most 200 characters");
  }
  return names;
}

void check_law_numbers(const CellKey& key, const Node& shape) {
  for (const LawNumbers& of : law_numbers()) {
    if (of.kernel != key.kernel || !key.variant.starts_with(of.variant)) continue;
    for (const std::string_view name : of.names) (void)shape.integer(name, kLawNumber);
  }
}

CellKey read_key(const Node& node) {
  CellKey key{.kernel = read_name(node, "kernel"),
              .variant = read_name(node, "variant"),
              .impl = read_name(node, "impl"),
              .shape = {},
              .dtype = {},
              .mode = read_name(node, "mode")};
  const Node shape = node.object("shape");
  for (const std::string& name : read_keys(shape)) key.shape[name] = shape.integer(name, kCount);
  check_law_numbers(key, shape);
  const Node dtype = node.object("dtype");
  for (const std::string& name : read_keys(dtype)) key.dtype[name] = read_name(dtype, name);
  return key;
}

Timing read_timing(const Node& node) {
  Timing timing{.median_us = node.number("median_us", kMicroseconds),
                .p10_us = node.number("p10_us", kMicroseconds),
                .p90_us = node.number("p90_us", kMicroseconds),
                .empty_us = node.number("empty_us", kMicroseconds),
                .reps = static_cast<int>(node.integer("reps", {1, 1'000'000})),
                .samples = static_cast<int>(node.integer("samples", {1, 1'000'000}))};
  if (timing.p10_us > timing.median_us || timing.median_us > timing.p90_us)
    node.at("median_us").fail("lies outside of p10_us and p90_us");
  return timing;
}

GpuFacts read_gpu(const Node& node) {
  return {.name = read_name(node, "name"),
          .sm = read_name(node, "sm"),
          .sms = static_cast<int>(node.integer("sms", {1, 100'000})),
          .l2_bytes = node.integer("l2", kCount),
          .memory_mhz = static_cast<int>(node.integer("mem_clk_mhz", {0, 1'000'000})),
          .uuid_hash = read_name(node, "uuid_hash"),
          .gpus = node.has("count") ? static_cast<int>(node.integer("count", {1, 100'000})) : 1};
}

Clocks read_clocks(const Node& node) {
  return {.sm_median_mhz = static_cast<int>(node.integer("sm_med_mhz", {0, 100'000})),
          .sm_least_mhz = static_cast<int>(node.integer("sm_min_mhz", {0, 100'000})),
          .power_w = node.number("power_w", {0.0, 1e6}),
          .temperature_c = node.number("temp_c", {-300.0, 1e4})};
}

}  // namespace

std::string CellKey::text() const {
  Json json{{"kernel", kernel}, {"variant", variant}, {"impl", impl},
            {"shape", shape},   {"dtype", dtype},     {"mode", mode}};
  return json.dump();
}

std::string to_json_line(const MeasuredRecord& record) {
  const CellKey& key = record.key;
  Json json{{"schema", kRecordSchema},
            {"kernel", key.kernel},
            {"variant", key.variant},
            {"impl", key.impl},
            {"shape", key.shape},
            {"dtype", key.dtype},
            {"bytes", record.bytes},
            {"flops", record.flops},
            {"mode", key.mode},
            {"reps", record.timing.reps},
            {"samples", record.timing.samples},
            {"median_us", record.timing.median_us},
            {"p10_us", record.timing.p10_us},
            {"p90_us", record.timing.p90_us},
            {"empty_us", record.timing.empty_us}};
  // JSON has no number for what a kernel's infinities and NaN leave.
  const double error = std::isfinite(record.check.error) ? record.check.error : kMostError;
  json["check"] = {{"error", error}, {"ok", record.check.ok}};
  json["gpu"] = {{"name", record.gpu.name},
                 {"sm", record.gpu.sm},
                 {"sms", record.gpu.sms},
                 {"l2", record.gpu.l2_bytes},
                 {"mem_clk_mhz", record.gpu.memory_mhz},
                 {"uuid_hash", record.gpu.uuid_hash},
                 {"count", record.gpu.gpus}};
  json["clk"] = {{"sm_med_mhz", record.clocks.sm_median_mhz},
                 {"sm_min_mhz", record.clocks.sm_least_mhz},
                 {"power_w", record.clocks.power_w},
                 {"temp_c", record.clocks.temperature_c}};
  json["software"] = record.software;
  json["utc"] = record.utc;
  json["standin"] = record.standin;
  json["suspect"] = record.suspect;
  return json.dump();
}

MeasuredRecord read_record(const Node& node) {
  node.expect("schema", kRecordSchema);
  MeasuredRecord record{.key = read_key(node),
                        .bytes = node.number("bytes", {0.0, 1e18}),
                        .flops = node.number("flops", {0.0, 1e21}),
                        .timing = read_timing(node),
                        .check = {},
                        .gpu = read_gpu(node.object("gpu")),
                        .clocks = read_clocks(node.object("clk")),
                        .software = {},
                        .utc = read_name(node, "utc"),
                        .standin = node.boolean("standin", false),
                        .suspect = node.boolean("suspect", false)};
  const Node check = node.object("check");
  record.check = {.error = check.number("error", {0.0, kMostError}),
                  .ok = check.boolean("ok", false)};
  const Node software = node.object("software");
  for (const std::string& name : read_keys(software))
    record.software[name] = read_name(software, name);
  return record;
}

}  // namespace helixsim
