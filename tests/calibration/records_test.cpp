#include "sim/calibration/datasets/records.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "hw_models/laws/split_plan.hpp"
#include "sim/calibration/fit_system.hpp"
#include "tests/support/random.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

constexpr double kEmpty = 1.5;  // us

MeasuredRecord record_of(const std::string& kernel, std::map<std::string, long long> shape,
                         std::map<std::string, std::string> dtype, double seconds) {
  MeasuredRecord record;
  record.key = {.kernel = kernel,
                .variant = "v",
                .impl = "own",
                .shape = std::move(shape),
                .dtype = std::move(dtype),
                .mode = "graph_cold"};
  const double median = 1e6 * seconds - kEmpty;
  record.timing = {.median_us = median,
                   .p10_us = median,
                   .p90_us = median,
                   .empty_us = kEmpty,
                   .reps = 4,
                   .samples = 30};
  record.check = {.error = 1e-3, .ok = true};
  record.gpu.name = "Some GPU";
  return record;
}

/// GQA decode by a law, at the planner's splits.
std::vector<MeasuredRecord> gqa_records(const AttentionLaw& law) {
  std::vector<MeasuredRecord> records;
  Random random(1);
  for (long long tokens = 1024; tokens <= 1 << 20; tokens *= 2) {
    for (const long long batch : {1, 2, 4, 8, 16, 32, 64}) {
      const double parts = std::ceil(static_cast<double>(tokens) / 64.0);
      const auto splits = static_cast<long long>(
          split_plan(static_cast<double>(batch), std::min(64.0, parts), law.gpu.multiprocessors)
              .splits);
      const AttentionShape shape{.batch = static_cast<double>(batch),
                                 .kv_tokens = static_cast<double>(tokens),
                                 .kv_heads = 1,
                                 .group = 16,
                                 .head_size = 128};
      const double noise = 1.0 + 0.01 * (random.unit() - 0.5);
      records.push_back(record_of(
          "gqa_decode",
          {{"b", batch}, {"s", tokens}, {"kvh", 1}, {"g", 16}, {"split", splits}, {"page", 0}},
          {{"kv", "bf16"}}, law.seconds(shape, true) * noise));
    }
  }
  return records;
}

}  // namespace

TEST_CASE("records become rows of the families that steps use", "[calibration][records]") {
  const System system = gb200();
  std::vector<MeasuredRecord> records{
      record_of("gemm", {{"m", 8}, {"n", 4096}, {"k", 7168}}, {{"w", "bf16"}}, 20e-6),
      record_of("gemm", {{"m", 8}, {"n", 4096}, {"k", 7168}}, {{"w", "bf16"}}, 15e-6),
      record_of("mla_decode", {{"b", 8}, {"s", 65536}, {"h", 16}, {"split", 18}}, {{"kv", "bf16"}},
                90e-6),
      record_of("mla_decode", {{"b", 8}, {"s", 65536}, {"h", 16}, {"split", 17}}, {{"kv", "bf16"}},
                80e-6),
      record_of("pointer_chase", {{"bytes", 8}}, {}, 2e-6)};
  records.push_back(records[0]);
  records.back().suspect = true;
  records.push_back(records[1]);
  records.back().check.ok = false;
  const MeasuredRows rows = rows_of_records(records, system);
  const auto& gemm = of_law<GemmLaw, MeasuredFamily>(rows.families).at("gemm/bfloat16");
  REQUIRE(gemm.rows.size() == 1);  // the faster kernel of a shape
  CHECK(gemm.rows[0].seconds == Approx(15e-6));
  const auto& mla = of_law<AttentionLaw, MeasuredFamily>(rows.families).at("mla/bfloat16/heads_16");
  REQUIRE(mla.rows.size() == 1);  // 148 multiprocessors over 8 items: 18 splits
  CHECK(mla.rows[0].seconds == Approx(90e-6));
  CHECK(mla.plan.start.tile_heads == 16);
  REQUIRE(rows.unpredicted.size() == 2);
  CHECK(rows.unpredicted[0].label.op == "pointer_chase");
  CHECK(rows.unpredicted[1].rows == 2);
  CHECK(graph_gap_of(records) == Approx(kEmpty * 1e-6));
}

TEST_CASE("of two bodies of a kernel the faster is a row", "[calibration][records]") {
  std::vector<MeasuredRecord> records;
  for (const double seconds : {90e-6, 60e-6, 70e-6})
    records.push_back(record_of("mla_decode", {{"b", 8}, {"s", 65536}, {"h", 128}, {"split", 9}},
                                {{"kv", "bf16"}}, seconds));
  records[1].key.variant = "wgmma_bf16";
  const MeasuredRows rows = rows_of_records(records, gb200());
  const auto& mla = of_law<AttentionLaw, MeasuredFamily>(rows.families);
  REQUIRE(mla.size() == 1);
  REQUIRE(mla.begin()->second.rows.size() == 1);
  CHECK(mla.begin()->second.rows[0].seconds == Approx(60e-6));
}

TEST_CASE("what was measured again is one row, of the median", "[calibration][records]") {
  std::vector<MeasuredRecord> records;
  for (const double seconds : {9e-6, 5e-6, 7e-6}) {
    records.push_back(record_of("grouped_gemm", {{"me", 8}, {"n", 4096}, {"k", 7168}, {"e", 4}},
                                {{"w", "bf16"}}, seconds));
    records.push_back(record_of(
        "gqa_decode", {{"b", 8}, {"s", 65536}, {"kvh", 1}, {"g", 16}, {"split", 18}, {"page", 0}},
        {{"kv", "bf16"}}, 10.0 * seconds));
  }
  records.push_back(records.back());  // another kernel walks along pages
  records.back().key.shape["page"] = 16;
  const MeasuredRows rows = rows_of_records(records, gb200());
  const auto& grouped = of_law<GemmLaw, MeasuredFamily>(rows.families).at("own/grouped_gemm/v");
  REQUIRE(grouped.rows.size() == 1);
  CHECK(grouped.rows[0].seconds == Approx(7e-6));
  const auto& gqa =
      of_law<AttentionLaw, MeasuredFamily>(rows.families).at("attention/bfloat16/grouped");
  REQUIRE(gqa.rows.size() == 1);
  CHECK(gqa.rows[0].seconds == Approx(70e-6));
}

TEST_CASE("a family of a single row is left out, and said to be", "[calibration][records]") {
  std::vector<MeasuredRecord> records{
      record_of("gemm", {{"m", 8}, {"n", 4096}, {"k", 7168}}, {{"w", "bf16"}}, 20e-6),
      record_of("gemm", {{"m", 8}, {"n", 4096}, {"k", 7168}}, {{"w", "fp8"}}, 15e-6),
      record_of("gemm", {{"m", 16}, {"n", 4096}, {"k", 7168}}, {{"w", "fp8"}}, 15e-6)};
  records[0].key.impl = "lib";
  MeasuredRows rows = rows_of_records(records, gb200());
  leave_out_single_rows(rows);
  const auto& gemms = of_law<GemmLaw, MeasuredFamily>(rows.families);
  CHECK(gemms.contains("gemm/fp8"));
  CHECK_FALSE(gemms.contains("gemm/bfloat16"));
  REQUIRE(rows.unpredicted.size() == 1);
  CHECK(rows.unpredicted[0].rows == 1);
  CHECK(rows.unpredicted[0].reason.find("gemm/bfloat16") != std::string::npos);
}

TEST_CASE("the gap between kernels is that of records that hold", "[calibration][records]") {
  std::vector<MeasuredRecord> records;
  for (const double empty : {1.0, 9.0, 9.0, 9.0}) {
    records.push_back(record_of("gemm", {{"m", 8}, {"n", 8}, {"k", 8}}, {{"w", "bf16"}}, 20e-6));
    records.back().timing.empty_us = empty;
  }
  records[1].suspect = true;
  records[2].check.ok = false;
  records[3].key.mode = "isolated";
  CHECK(graph_gap_of(records) == Approx(1e-6));
  CHECK(graph_gap_of({}) == 0.0);
}

TEST_CASE("a fit to records finds the law that made them", "[calibration][records]") {
  const System system = gb200();
  const DatasetSystem of{system};
  AttentionLaw law = own_gqa_plan(*find_table_format("bfloat16"), of).start;
  law.fixed = 4e-6;
  law.bandwidth = 6.5e12;
  law.per_byte = 2e-11;
  const std::vector<MeasuredRecord> records = gqa_records(law);
  const FittedLaws fitted =
      fit_system(rows_of_records(records, system), system, 1, [](const auto&) {});
  const auto* found = fitted.find<AttentionLaw>("attention/bfloat16/grouped");
  REQUIRE(found != nullptr);
  CHECK(found->error.median_percent < 1.0);
  CHECK(found->error.p90_percent < 3.0);
  CHECK(found->law.bandwidth == Approx(6.5e12).epsilon(0.03));
}
